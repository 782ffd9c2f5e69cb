#include "core/server/session_cookies.h"

#include <algorithm>

#include "core/server/cookie.h"

namespace authctl::server {
namespace {

constexpr std::string_view set_cookie = "Set-Cookie";
constexpr std::string_view refresh_path = "/auth";

void set(Reply& reply, const CookieDraft& cookie) { reply.with(set_cookie, write_cookie(cookie)); }

// A browser that is not to remember forgets them when it is closed; the server ends the session in any case.
std::optional<base::Duration> kept_for(const service::SessionTokens& tokens, base::Timestamp now) {
  if (!tokens.remember_me) return std::nullopt;
  return std::max(base::Duration{1}, std::chrono::ceil<base::Duration>(tokens.ends_at - now));
}

}  // namespace

void set_csrf_cookie(Reply& reply, std::string_view value, std::optional<base::Duration> max_age) {
  set(reply, {.name = csrf_cookie, .value = value, .readable = true, .max_age = max_age});
}

Reply& clear_cookies(Reply& reply) {
  constexpr base::Duration gone{0};
  set(reply, {.name = access_cookie, .value = "", .max_age = gone});
  set(reply, {.name = refresh_cookie, .value = "", .path = refresh_path, .max_age = gone});
  set_csrf_cookie(reply, "", gone);
  return reply;
}

base::json::object signed_in_json(const store::UserRow& user, const std::vector<std::string>& roles) {
  base::json::object json{{"id", user.id}, {"name", user.name}, {"email", nullptr}};
  if (user.email) json["email"] = *user.email;
  json["roles"] = base::json::array(roles.begin(), roles.end());
  return json;
}

Reply tokens_reply(const service::SessionTokens& tokens, store::Door door, const Work& work) {
  const auto expires_in = tokens.expires_in.count();
  if (door == store::Door::token) {
    auto reply = json_reply(200, {{"access_token", tokens.access.sign().reveal_text()},
                                  {"refresh_token", tokens.refresh.reveal_text()},
                                  {"token_type", "Bearer"},
                                  {"expires_in", expires_in}});
    reply.no_store = true;
    return reply;
  }
  auto reply =
      json_reply(200, {{"user", signed_in_json(tokens.user, tokens.roles)}, {"expires_in", expires_in}});
  reply.no_store = true;
  const auto kept = kept_for(tokens, work.realm.now());  // the session is younger than the request
  set(reply, {.name = access_cookie,
              .value = tokens.access.sign().reveal_text(),
              .max_age = kept ? std::optional(std::min(*kept, tokens.expires_in)) : std::nullopt});
  set(reply,
      {.name = refresh_cookie, .value = tokens.refresh.reveal_text(), .path = refresh_path, .max_age = kept});
  set_csrf_cookie(reply, work.site.csrf().of_session(tokens.session_id), kept);
  return reply;
}

}  // namespace authctl::server
