// What requests bring that sign somebody in or keep it so: members of a body that may be JSON or a form, the
// limits that hold for them, and what became of them as an answer. Invariant: what the body says is text of
// bounded length or refused (422); a form is taken from a page of ours only.
#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "core/base/secret.h"
#include "core/server/request.h"
#include "core/server/routes.h"
#include "core/server/workers.h"
#include "core/service/sessions.h"

namespace authctl::server {

class Body {
 public:
  // JSON, a form, or nothing at all. Error usage (400) for JSON that is no object.
  explicit Body(const Request& request);

  // Error invalid (422) where it is missing, empty, no text, or longer than `most` bytes.
  std::string text(std::string_view name, std::size_t most) const;
  std::optional<std::string> optional_text(std::string_view name, std::size_t most) const;
  base::Secret secret(std::string_view name, std::size_t most) const;
  bool flag(std::string_view name) const;  // false where it is missing
  bool is_form() const { return form_; }

 private:
  std::optional<std::string> find(std::string_view name, std::size_t most) const;
  const Request& request_;
  bool form_ = false;
  base::json::object json_;
};

inline constexpr std::size_t longest_identifier = 320;  // RFC 5321 section 4.5.3.1: 64 + 1 + 255
inline constexpr std::size_t longest_password_text = 1024;
inline constexpr std::size_t longest_code = 128;

service::Cause cause_of(const Request& request);
// `?mode=token`, or nothing: cookies. Error invalid (422) for any other mode; to be asked before anything is
// done for the request.
store::Door door_of(const Request& request);
service::SessionDraft draft_of(const Request& request, store::Door door, bool remember_me);

// 403 where a form comes without the token of a page of ours.
std::optional<Reply> refuse_foreign_form(const Request& request, const Body& body, Work& work);

// 429 with Retry-After, and an entry, where one of the sources has asked too often. `what`: the action that
// is refused ("auth.login"); `sources`: as core/service/rate_limit.h makes them.
std::optional<Reply> refuse_too_many(Work& work, const Request& request, std::string_view setting,
                                     std::string_view what, std::span<const std::string> sources);

// A refusal of somebody who is not signed in, as an entry.
void note_refusal(Work& work, const Request& request, std::string_view action, std::string_view why);

// The session that the cookies or the bearer token of a request belong to, over or not.
struct PresentedSession {
  service::SessionOfUser session;
  bool by_cookie = false;
};
std::optional<PresentedSession> presented_session(const Request& request, Work& work);

// What this process did itself holds here at once, and not only when the feed has seen it.
void session_has_ended(Work& work, const std::string& session_id);

}  // namespace authctl::server
