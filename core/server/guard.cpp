#include "core/server/guard.h"

#include "core/server/arrival.h"
#include "core/server/recognition.h"

namespace authctl::server {
namespace {

constexpr std::string_view form_type = "application/x-www-form-urlencoded";

bool changes_something(const Request& request) {
  return request.method() != "GET" && request.method() != "HEAD" && request.method() != "OPTIONS";
}

// Nothing where it stands twice or cannot be read: then there is none.
std::string form_token(const Request& request) {
  const auto type = request.field(Known::content_type);
  if (!equal_ignoring_case(type.substr(0, form_type.size()), form_type)) return {};
  try {
    return form_value(request.body, "csrf_token").value_or("");
  } catch (const base::Error&) {
    return {};
  }
}

bool comes_from_us(const Request& request, const Config& config) {
  return is_from_our_site(
      {request.field(Known::origin), request.field(Known::sec_fetch_site), request.head.has(Known::origin)},
      config.issuer, config.cors_origins);
}

// A route that is open to everybody still belongs to the session whose cookies come along. Where they belong
// to none that lives there is no token to ask for: a browser that was signed in once can sign in again. An
// Authorization field is put in on purpose and by nobody else.
std::optional<Reply> judge_open(const Request& request, Work& work) {
  if (!changes_something(request) || request.head.has(Known::authorization)) return std::nullopt;
  if (!comes_from_us(request, work.config)) return csrf_refusal();
  const auto presented = presented_session(request, work);
  if (!presented || !service::is_live(presented->session, work.now, work.config.sessions.idle))
    return std::nullopt;
  if (passes_csrf(request, work.config, work.site.csrf(), presented->session.id)) return std::nullopt;
  return csrf_refusal();
}

std::optional<Reply> judge(const Route& route, const Request& request, const Recognition& found, Work& work) {
  if (!found.caller) return error_reply(401);
  if (request.by_cookie && changes_something(request) &&
      !passes_csrf(request, work.config, work.site.csrf(), found.caller->session_id))
    return csrf_refusal();
  if (route.access.kind() == Access::Kind::permission &&
      !is_allowed(*found.standing, route.access.name(), {}, work.now))
    return error_reply(403);
  return std::nullopt;
}

}  // namespace

std::optional<PresentedToken> presented_token(const Request& request) {
  constexpr std::string_view scheme = "bearer ";
  if (request.head.has(Known::authorization)) {
    const auto text = request.field(Known::authorization);
    if (text.size() <= scheme.size() || !equal_ignoring_case(text.substr(0, scheme.size()), scheme))
      return std::nullopt;
    return PresentedToken{text.substr(scheme.size()), false};
  }
  const auto cookie = request.cookie(access_cookie);
  if (!cookie) return std::nullopt;
  return PresentedToken{*cookie, true};
}

bool passes_csrf(const Request& request, const Config& config, const CsrfTokens& tokens,
                 std::string_view session_id) {
  if (!comes_from_us(request, config)) return false;
  if (request.head.has(Known::csrf_token))
    return tokens.fits_session(request.field(Known::csrf_token), session_id);
  return tokens.fits_session(form_token(request), session_id);
}

Reply csrf_refusal() { return error_reply(403, "CSRF validation failed"); }

std::optional<Reply> guard_on_spot(const Route& route, Request& request, Spot& spot) {
  if (route.access.kind() == Access::Kind::everybody) return std::nullopt;
  const auto presented = presented_token(request);
  if (!presented) return error_reply(401);
  Recognition found;
  const auto answer = spot.recognizer.recognize(presented->text, spot.config, spot.now, spot.tick, found);
  if (answer == Recognizer::Answer::refused) return error_reply(401);
  if (answer == Recognizer::Answer::known) request.recognition = std::move(found);
  return std::nullopt;
}

std::optional<Reply> guard(const Route& route, Request& request, Work& work) {
  if (route.access.kind() == Access::Kind::everybody) return judge_open(request, work);
  const auto presented = presented_token(request);
  if (!presented) return error_reply(401);
  if (!request.recognition) request.recognition = recognize(presented->text, work);
  request.by_cookie = presented->by_cookie;
  if (auto refusal = judge(route, request, *request.recognition, work)) return refusal;
  request.caller = request.recognition->caller;
  return std::nullopt;
}

}  // namespace authctl::server
