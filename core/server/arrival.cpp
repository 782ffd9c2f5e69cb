#include "core/server/arrival.h"

#include "core/base/error.h"
#include "core/base/text.h"
#include "core/server/guard.h"
#include "core/server/recognition.h"
#include "core/service/rate_limit.h"
#include "core/service/refusals.h"
#include "core/store/change_feed.h"

namespace authctl::server {
namespace {

constexpr std::string_view form_type = "application/x-www-form-urlencoded";

[[noreturn]] void refuse(std::string_view name) {
  throw base::Error(base::ErrorCode::invalid, "the member " + std::string(name) + " does not suit");
}

std::optional<service::SessionOfUser> session_by_access(const Request& request, Work& work,
                                                        std::string_view token) {
  const auto found = request.recognition ? *request.recognition : recognize(token, work);
  if (!found.caller || found.caller->session_id.empty()) return std::nullopt;
  return store::SessionRepository(work.realm.db()).find(found.caller->session_id);
}

}  // namespace

Body::Body(const Request& request) : request_(request) {
  const auto type = request.field(Known::content_type);
  if (request.body.empty() && type.empty()) return;
  form_ = equal_ignoring_case(type.substr(0, form_type.size()), form_type);
  if (!form_) json_ = json_body(request);
}

std::optional<std::string> Body::find(std::string_view name, std::size_t most) const {
  std::optional<std::string> text;
  if (form_) {
    text = form_value(request_.body, name);
  } else if (const auto* value = json_.if_contains(name); value != nullptr && !value->is_null()) {
    if (!value->is_string()) refuse(name);
    text = std::string(value->as_string());
  }
  if (text && (text->size() > most || text->find('\0') != text->npos || !base::is_utf8(*text))) refuse(name);
  return text;
}

std::string Body::text(std::string_view name, std::size_t most) const {
  auto found = find(name, most);
  if (!found || found->empty()) refuse(name);
  return std::move(*found);
}

std::optional<std::string> Body::optional_text(std::string_view name, std::size_t most) const {
  return find(name, most);
}

base::Secret Body::secret(std::string_view name, std::size_t most) const {
  return base::Secret::consume(text(name, most));
}

bool Body::flag(std::string_view name) const {
  if (form_) {
    const auto text = form_value(request_.body, name);
    return text && *text != "false" && *text != "0" && !text->empty();
  }
  const auto* value = json_.if_contains(name);
  if (value == nullptr || value->is_null()) return false;
  if (!value->is_bool()) refuse(name);
  return value->as_bool();
}

service::Cause cause_of(const Request& request) {
  service::Cause cause;
  cause.ip = request.address;
  return cause;
}

store::Door door_of(const Request& request) {
  const auto mode = form_value(request.query(), "mode");
  if (!mode) return store::Door::cookie;
  if (*mode != "token") throw base::Error(base::ErrorCode::invalid, "there is no such mode");
  return store::Door::token;
}

service::SessionDraft draft_of(const Request& request, store::Door door, bool remember_me) {
  service::SessionDraft draft;
  draft.door = door;
  draft.remember_me = remember_me;
  draft.ip = request.address;
  draft.user_agent = request.field(Known::user_agent);
  return draft;
}

std::optional<Reply> refuse_foreign_form(const Request& request, const Body& body, Work& work) {
  if (!body.is_form()) return std::nullopt;
  const auto before = request.cookie(csrf_cookie);
  const auto token = request.head.has(Known::csrf_token)
                         ? std::string(request.field(Known::csrf_token))
                         : body.optional_text("csrf_token", longest_code).value_or("");
  if (before && work.site.csrf().fits_before_sign_in(token, *before)) return std::nullopt;
  const auto session = presented_session(request, work);
  if (session && work.site.csrf().fits_session(token, session->session.id)) return std::nullopt;
  return csrf_refusal();
}

void note_refusal(Work& work, const Request& request, std::string_view action, std::string_view why) {
  auto cause = cause_of(request);
  cause.actor = "anonymous";
  change(work.common, cause, [&](service::Change& c) {
    record_refusal(c, {std::string(action), {}, audit::Outcome::denied, {{"refusal", why}}});
  });
}

std::optional<Reply> refuse_too_many(Work& work, const Request& request, std::string_view setting,
                                     std::string_view what, std::span<const std::string> sources) {
  const auto wait = service::take_rate(work.realm, work.common,
                                       service::rate_limit(work.config.settings, setting), sources);
  if (!wait) return std::nullopt;
  note_refusal(work, request, what, "too_many");
  auto reply = error_reply(429);
  reply.with("Retry-After", std::to_string(wait->count()));
  return reply;
}

void session_has_ended(Work& work, const std::string& session_id) {
  work.site.knowledge.add_revoked(store::tokens_revoked_of_session(work.realm.db(), session_id, work.now));
}

std::optional<PresentedSession> presented_session(const Request& request, Work& work) {
  if (const auto token = presented_token(request)) {
    if (auto session = session_by_access(request, work, token->text))
      return PresentedSession{std::move(*session), token->by_cookie};
    if (!token->by_cookie) return std::nullopt;  // where there is an Authorization field no cookie counts
  } else if (request.head.has(Known::authorization)) {
    return std::nullopt;
  }
  const auto refresh = request.cookie(refresh_cookie);
  auto session = refresh ? service::session_of_refresh(work.realm.db(), *refresh) : std::nullopt;
  if (!session) return std::nullopt;
  return PresentedSession{std::move(*session), true};
}

}  // namespace authctl::server
