// A request as a handler sees it: checked head, whole body, who sent it, and who asks.
// Invariant: views point into buffers that the connection keeps until the reply is written, on whatever
// thread the handler runs.
#pragma once
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/clock.h"
#include "core/base/json.h"
#include "core/server/caller.h"
#include "core/server/cookie.h"
#include "core/server/head.h"

namespace authctl::server {

struct Request {
  Head head;
  std::string body;
  std::string_view peer;  // address at the other end of the connection
  std::string
      address;  // of the client: the peer, or what a trusted proxy says (core/server/client_address.h)
  bool secure = false;       // over TLS, or a trusted proxy says so
  base::Timestamp received;  // the instant that counts for this request
  std::string id;            // in log lines, unique in this process

  // Set by the guard (core/server/guard.h) before the handler is called, on every route that asks for more
  // than Access::everybody().
  std::shared_ptr<const Caller> caller;
  bool by_cookie = false;                          // the access token came as a cookie
  mutable std::optional<Recognition> recognition;  // for the server itself: kept from one look to the next

  std::string_view method() const { return head.method; }
  std::string_view path() const { return head.path; }
  std::string_view query() const { return head.query; }
  std::string_view field(Known which) const { return head.get(which); }
  // Strictly one, strictly ours; see core/server/cookie.h.
  std::optional<std::string_view> cookie(std::string_view name) const {
    return find_cookie(field(Known::cookie), name);
  }
};

// The body as a JSON object. Error usage (400) where it is none; what its members must be is the handler's
// business (Error invalid, 422).
base::json::object json_body(const Request& request);

// A parameter of the query or a member of a form, decoded (application/x-www-form-urlencoded). Nothing where
// it is missing; Error invalid where it stands twice or is not well-formed.
std::optional<std::string> form_value(std::string_view encoded, std::string_view name);

}  // namespace authctl::server
