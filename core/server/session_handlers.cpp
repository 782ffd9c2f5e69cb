// POST /auth/refresh, /auth/logout; GET /auth/me, /auth/csrf.
#include "core/base/encoding.h"
#include "core/server/arrival.h"
#include "core/server/guard.h"
#include "core/server/session_cookies.h"
#include "core/service/rate_limit.h"

namespace authctl::server {
namespace {

constexpr std::size_t longest_token = 8192;  // an access token that was sent here is refused as a token
constexpr std::size_t nonce_bytes = 18;

struct PresentedRefresh {
  std::string token;
  bool by_cookie = false;
};
std::optional<std::string> refresh_token_in_body(const Request& request) {
  if (request.body.empty()) return std::nullopt;  // of whatever type: browsers' libraries name one anyway
  auto token = Body(request).optional_text("refresh_token", longest_token);
  if (token && token->empty()) return std::nullopt;
  return token;
}

// What the body says is said on purpose; the cookie comes by itself.
std::optional<PresentedRefresh> presented_refresh(const Request& request) {
  if (auto token = refresh_token_in_body(request)) return PresentedRefresh{std::move(*token), false};
  if (const auto cookie = request.cookie(refresh_cookie)) return PresentedRefresh{std::string(*cookie), true};
  return std::nullopt;
}

// The session that is to end: the one of the refresh token in the body, else that of the bearer token or the
// cookies. A client's session is ended at /oauth2/revoke, where the client says who it is.
std::optional<PresentedSession> leaving_session(const Request& request, Work& work) {
  const auto token = refresh_token_in_body(request);
  if (!token) return presented_session(request, work);
  auto session = service::session_of_refresh(work.realm.db(), *token);
  if (!session || session->client_id != service::local_client) return std::nullopt;
  return PresentedSession{std::move(*session), false};
}

Reply refused(bool by_cookie) {
  auto reply = error_reply(401);
  if (by_cookie) clear_cookies(reply);
  return reply;
}

base::json::value session_json_of(Work& work, const std::string& id) {
  const auto session = store::SessionRepository(work.realm.db()).find(id);
  if (!session) return nullptr;  // a token of the command line
  const auto all = service::session_json(*session, work.now, work.config.sessions.idle);
  base::json::object shown;
  for (const auto* name :
       {"id", "client", "door", "ip", "remember_me", "created_at", "last_used_at", "ends_at"})
    shown[name] = all.at(name);
  return shown;
}

}  // namespace

Reply refresh(const Request& request, Work& work) {
  const auto asked = door_of(request);
  const auto presented = presented_refresh(request);
  if (!presented) return error_reply(401);
  const auto session = service::session_of_refresh(work.realm.db(), presented->token);
  if (session && presented->by_cookie && !passes_csrf(request, work.config, work.site.csrf(), session->id))
    return csrf_refusal();
  // What a page's script cannot read in the cookie it shall not be handed in a body either.
  if (presented->by_cookie && asked == store::Door::token)
    throw base::Error(base::ErrorCode::invalid, "a refresh token in a cookie is answered with cookies");
  const std::string sources[] = {session ? service::rate_of("refresh", session->id)
                                         : service::rate_of_address("refresh", request.address)};
  if (auto refusal = refuse_too_many(work, request, "limit_refresh", "auth.refresh", sources))
    return std::move(*refusal);
  if (!session) {
    note_refusal(work, request, "auth.refresh", "unknown_token");
    return refused(presented->by_cookie);
  }
  auto cause = cause_of(request);
  cause.actor = "user:" + session->user_id;
  const auto door = presented->by_cookie ? store::Door::cookie : store::Door::token;
  const auto outcome = refresh_session(
      work.common, cause, {.token = presented->token, .door = door, .ip = request.address, .scopes = {}},
      work.config.sessions, work.site.workers->signer());
  if (!outcome.tokens) {
    session_has_ended(work, session->id);
    return refused(presented->by_cookie);
  }
  return tokens_reply(*outcome.tokens, door, work);
}

Reply logout(const Request& request, Work& work) {
  const auto presented = leaving_session(request, work);
  if (!presented) {
    auto reply = error_reply(401);
    return clear_cookies(reply);
  }
  const auto& session = presented->session;
  if (presented->by_cookie && !passes_csrf(request, work.config, work.site.csrf(), session.id))
    return csrf_refusal();
  auto cause = cause_of(request);
  cause.actor = "user:" + session.user_id;
  change(work.common, cause, [&](service::Change& c) {
    const auto current = store::SessionRepository(c.db()).find(session.id);
    if (current) end_session(c, *current, "auth.logout", "logout");
  });
  session_has_ended(work, session.id);
  Reply reply{.status = 204};
  reply.no_store = true;
  return clear_cookies(reply);
}

Reply me(const Request& request, Work& work) {
  const auto& caller = *request.caller;
  const auto user = service::view_user(work.realm, store::get_user(work.realm.db(), caller.user_id));
  auto json = signed_in_json(user, caller.roles);
  base::json::array permissions;
  const auto& standing = *request.recognition->standing;
  for (const auto& one : service::effective_permissions(standing.subject, standing.graph, work.now)) {
    if (one.resource.empty())
      permissions.push_back(base::json::string(one.permission));
    else
      permissions.push_back(base::json::string(one.permission + " on " + one.resource));
  }
  json["permissions"] = std::move(permissions);
  json["session"] = session_json_of(work, caller.session_id);
  auto reply = json_reply(200, json);
  reply.no_store = true;
  return reply;
}

// The cookie and the token are the same text. Before the sign-in it stays what it was, so that two tabs do
// not take each other's.
Reply csrf(const Request& request, Work& work) {
  const auto presented = presented_session(request, work);
  const auto& tokens = work.site.csrf();
  std::string token;
  if (presented && service::is_live(presented->session, work.now, work.config.sessions.idle)) {
    token = tokens.of_session(presented->session.id);
  } else if (const auto before = request.cookie(csrf_cookie); before && tokens.is_before_sign_in(*before)) {
    token = *before;
  } else {
    base::Bytes nonce(nonce_bytes);
    work.realm.random().fill(nonce);
    token = tokens.before_sign_in(base::encode_base64url(nonce));
  }
  auto reply = json_reply(200, {{"csrf_token", token}});
  reply.no_store = true;
  set_csrf_cookie(reply, token, std::nullopt);
  return reply;
}

}  // namespace authctl::server
