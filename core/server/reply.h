// What a handler answers, and how it is written: status, fields, body, and the security fields that every
// answer has. Invariant: an error tells `{"error":"…"}` and nothing else of the inside; no field value can
// hold a line end.
#pragma once
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/json.h"

namespace authctl::server {

inline constexpr std::string_view json_type = "application/json";

struct Reply {
  int status = 204;
  std::string_view type = {};  // of the body; empty: there is none
  std::string body = {};
  std::shared_ptr<const std::string> shared = {};  // in place of `body`: bytes that many answers share
  std::shared_ptr<const std::string> lines = {};  // whole fields that many answers share, each with its CR LF
  std::vector<std::pair<std::string_view, std::string>> fields = {};  // Set-Cookie, Retry-After, …
  bool no_store = false;                                              // it carries a token or a secret
  bool page = false;   // HTML of ours: the Content-Security-Policy goes with it
  bool close = false;  // the connection ends with it
  std::chrono::steady_clock::time_point not_before =
      {};  // when it may go out; what the work took is not told

  std::string_view content() const { return shared ? std::string_view(*shared) : std::string_view(body); }
  Reply& with(std::string_view name, std::string value) {
    fields.emplace_back(name, std::move(value));
    return *this;
  }
};

Reply json_reply(int status, const base::json::object& body);
// {"error": text}; without a text, the one that goes with the status.
Reply error_reply(int status, std::string_view text = {});
// 503 with Retry-After.
Reply busy_reply();
std::string_view reason_of(int status);

struct Framing {
  bool keep_alive = true;
  bool head_only = false;  // HEAD: the fields of the answer, not its body
  int minor = 1;
  std::string_view date = {};   // as RFC 9110 section 5.6.7 has it
  std::string_view extra = {};  // whole lines, such as those of CORS
};
// Appends the answer to `out`.
void write_reply(std::string& out, const Reply& reply, const Framing& framing);

// "Sun, 06 Nov 1994 08:49:37 GMT"
std::string http_date(std::int64_t unix_seconds);

}  // namespace authctl::server
