#include "core/server/routes.h"

#include <algorithm>
#include <array>
#include <map>
#include <string>
#include <utility>

namespace authctl::server {
namespace {

constexpr MemberDoc health_members[] = {{"status", "string", "ok"}};
constexpr AnswerDoc health_answers[] = {{200, "the process answers", health_members}};
constexpr MemberDoc ready_members[] = {{"status", "string", "ready"}};
constexpr AnswerDoc ready_answers[] = {{200, "the store answers", ready_members},
                                       {503, "it does not, or the server is going down"}};
constexpr RouteDoc ready_doc{.summary = "Whether requests should be sent here", .answers = ready_answers};

constexpr MemberDoc verify_query[] = {{"permission", "string", "what has to be allowed", false},
                                      {"resource", "string", "on what, `kind/id`", false}};
constexpr AnswerDoc verify_answers[] = {
    {204, "go on; X-Auth-User has the user's name, X-Auth-Roles its roles apart by commas"},
    {401, "no access token, or none that is valid"},
    {403, "the permission is not held, or the question is not clear"}};
constexpr RouteDoc verify_doc{
    .summary = "For a proxy: may this request go on?", .query = verify_query, .answers = verify_answers};

constexpr MemberDoc jwks_members[] = {{"keys", "array", "RFC 7517"}};
constexpr AnswerDoc jwks_answers[] = {{200, "the public keys that tokens are verified with", jwks_members}};
constexpr RouteDoc jwks_doc{.summary = "Public keys", .answers = jwks_answers};

constexpr MemberDoc discovery_members[] = {{"issuer", "string", "as in the claim `iss`"},
                                           {"jwks_uri", "string", "where the public keys are"}};
constexpr AnswerDoc discovery_answers[] = {{200, "RFC 8414 metadata", discovery_members}};
constexpr RouteDoc discovery_doc{.summary = "Metadata for clients", .answers = discovery_answers};

constexpr AnswerDoc metrics_answers[] = {{200, "Prometheus text format 0.0.4"}};
constexpr RouteDoc metrics_doc{.summary = "Counters; on --metrics-listen only", .answers = metrics_answers};

constexpr RouteDoc health_doc{.summary = "Whether the process answers", .answers = health_answers};

constexpr MemberDoc user_members[] = {
    {"user", "object", "id, name, email, roles", false},
    {"expires_in", "integer", "seconds that the access token lives", false},
    {"requires_mfa", "boolean", "true: no session yet", false},
    {"mfa_token", "string", "for /auth/mfa/verify; 5 minutes, 5 tries", false},
    {"requires_password_change", "boolean", "true: no session yet", false},
    {"reset_token", "string", "for /auth/password/reset/confirm", false},
    {"access_token", "string", "with ?mode=token", false},
    {"refresh_token", "string", "with ?mode=token", false},
    {"token_type", "string", "Bearer, with ?mode=token", false}};
constexpr MemberDoc mode_query[] = {{"mode", "string", "token: tokens in the body, no cookies", false}};
constexpr MemberDoc login_members[] = {{"username", "string", "name or e-mail"},
                                       {"password", "string", "at most 1024 bytes"},
                                       {"remember_me", "boolean", "the session outlives the browser", false}};
constexpr AnswerDoc login_answers[] = {
    {200, "signed in, or a second factor is asked for", user_members},
    {401, "Invalid credentials, whatever is wrong"},
    {403, "CSRF validation failed: from another site, or a form that is none of ours"},
    {422, "a member is missing or no text"},
    {429, "too many sign-ins"}};
constexpr RouteDoc login_doc{.summary = "Sign in with a password",
                             .query = mode_query,
                             .request = login_members,
                             .answers = login_answers};

constexpr MemberDoc mfa_members[] = {{"mfa_token", "string", "from /auth/login"},
                                     {"code", "string", "of the app, or a backup code"}};
constexpr MemberDoc mfa_query[] = {
    {"mode", "string", "token: as at /auth/login; asked for in either step", false}};
constexpr RouteDoc mfa_doc{.summary = "The second step of a sign-in",
                           .query = mfa_query,
                           .request = mfa_members,
                           .answers = login_answers};

constexpr MemberDoc registration_members[] = {{"username", "string", "1 to 64 of a-z 0-9 . _ @ + ' -"},
                                              {"email", "string", "signs in too"},
                                              {"password", "string", "judged by the policy"}};
constexpr MemberDoc registered_members[] = {{"user", "object", "id, name, email, roles"}};
constexpr AnswerDoc registration_answers[] = {{201, "made", registered_members},
                                              {403, "CSRF validation failed"},
                                              {404, "AUTHCTL_REGISTRATION is off"},
                                              {409, "the name or e-mail is taken"},
                                              {422, "the name, e-mail or password is refused"},
                                              {429, "too many registrations"}};
constexpr RouteDoc registration_doc{
    .summary = "Make an account", .request = registration_members, .answers = registration_answers};

constexpr MemberDoc refresh_members[] = {{"refresh_token", "string", "where there are no cookies", false}};
constexpr AnswerDoc refresh_answers[] = {
    {200, "other tokens, as at the sign-in", user_members},
    {401, "unknown, spent, or its session is over"},
    {403, "CSRF validation failed"},
    {422, "refresh_token is no text, or mode is token and it came in a cookie"},
    {429, "too many refreshes"}};
constexpr RouteDoc refresh_doc{.summary = "Use a refresh token, once",
                               .query = mode_query,
                               .request = refresh_members,
                               .answers = refresh_answers};

constexpr AnswerDoc logout_answers[] = {{204, "the session is over"},
                                        {401, "there is none"},
                                        {403, "CSRF validation failed"},
                                        {422, "refresh_token is no text"}};
constexpr RouteDoc logout_doc{
    .summary = "End the session", .request = refresh_members, .answers = logout_answers};

constexpr MemberDoc me_members[] = {{"id", "string", "of the user"},
                                    {"name", "string", "of the user"},
                                    {"email", "string", "or null"},
                                    {"roles", "array", "names"},
                                    {"permissions", "array", "as they were granted"},
                                    {"session", "object", "or null for a token without one"}};
constexpr AnswerDoc me_answers[] = {{200, "who is signed in", me_members}, {401, "nobody"}};
constexpr RouteDoc me_doc{.summary = "Who is signed in", .answers = me_answers};

constexpr MemberDoc csrf_members[] = {{"csrf_token", "string", "for X-CSRF-Token or the field csrf_token"}};
constexpr AnswerDoc csrf_answers[] = {
    {200, "of the session, or for a form before the sign-in", csrf_members}};
constexpr RouteDoc csrf_doc{.summary = "The CSRF token", .answers = csrf_answers};

constexpr MemberDoc password_members[] = {{"current_password", "string", "verified as at a sign-in"},
                                          {"new_password", "string", "judged by the policy"}};
constexpr AnswerDoc password_answers[] = {{200, "changed; other tokens, every session ended", user_members},
                                          {401, "Invalid credentials, or nobody is signed in"},
                                          {403, "CSRF validation failed"},
                                          {422, "the new password is refused"},
                                          {429, "too many tries"}};
constexpr RouteDoc password_doc{
    .summary = "Change one's password", .request = password_members, .answers = password_answers};

constexpr MemberDoc reset_members[] = {{"email", "string", "of the account"}};
constexpr MemberDoc accepted_members[] = {{"status", "string", "accepted"}};
constexpr AnswerDoc reset_answers[] = {
    {202, "the same whether there is such an account or not", accepted_members},
    {403, "CSRF validation failed"},
    {422, "no e-mail in it"},
    {429, "too many"}};
constexpr RouteDoc reset_doc{
    .summary = "Ask for a reset mail", .request = reset_members, .answers = reset_answers};

constexpr MemberDoc confirm_members[] = {{"token", "string", "from the mail; once, 30 minutes"},
                                         {"new_password", "string", "judged by the policy"}};
constexpr AnswerDoc confirm_answers[] = {{204, "set; every session of the user ended"},
                                         {401, "the token is unknown, used or over"},
                                         {403, "CSRF validation failed"},
                                         {422, "the password is refused; the token still works"}};
constexpr RouteDoc confirm_doc{
    .summary = "Set a password with a token", .request = confirm_members, .answers = confirm_answers};

// method, path, who may ask, body, limit, cost, handler, documentation
constexpr std::array table{
    Route{"GET", "/healthz", Access::everybody(), BodyKind::none, Limit::none, Cost::light, healthz,
          &health_doc},
    Route{"GET", "/readyz", Access::everybody(), BodyKind::none, Limit::none, Cost::light, readyz,
          &ready_doc},
    Route{"GET", "/metrics", Access::everybody(), BodyKind::none, Limit::none, Cost::light, metrics,
          &metrics_doc, Door::metrics},
    Route{"POST", "/auth/register", Access::everybody(), BodyKind::json_or_form, Limit::registration,
          Cost::hash, register_user, &registration_doc},
    Route{"POST", "/auth/login", Access::everybody(), BodyKind::json_or_form, Limit::login, Cost::hash, login,
          &login_doc},
    Route{"POST", "/auth/mfa/verify", Access::everybody(), BodyKind::json_or_form, Limit::mfa, Cost::light,
          verify_mfa, &mfa_doc},
    Route{"POST", "/auth/refresh", Access::everybody(), BodyKind::optional, Limit::refresh, Cost::light,
          refresh, &refresh_doc},
    Route{"POST", "/auth/logout", Access::everybody(), BodyKind::optional, Limit::none, Cost::light, logout,
          &logout_doc},
    Route{"GET", "/auth/me", Access::signed_in(), BodyKind::none, Limit::none, Cost::light, me, &me_doc},
    Route{"GET", "/auth/csrf", Access::everybody(), BodyKind::none, Limit::none, Cost::light, csrf,
          &csrf_doc},
    Route{"POST", "/auth/password", Access::signed_in(), BodyKind::json_or_form, Limit::login, Cost::hash,
          change_password, &password_doc},
    Route{"POST", "/auth/password/reset", Access::everybody(), BodyKind::json_or_form, Limit::reset,
          Cost::light, ask_for_reset, &reset_doc},
    Route{"POST", "/auth/password/reset/confirm", Access::everybody(), BodyKind::json_or_form, Limit::none,
          Cost::hash, confirm_reset, &confirm_doc},
    Route{"GET", "/auth/verify", Access::everybody(), BodyKind::none, Limit::none, Cost::light,
          Handler(verify_on_spot, verify), &verify_doc},
    Route{"GET", "/.well-known/jwks.json", Access::everybody(), BodyKind::none, Limit::none, Cost::light,
          jwks, &jwks_doc},
    Route{"GET", "/.well-known/openid-configuration", Access::everybody(), BodyKind::none, Limit::none,
          Cost::light, discovery, &discovery_doc},
    Route{"GET", "/.well-known/oauth-authorization-server", Access::everybody(), BodyKind::none, Limit::none,
          Cost::light, discovery, &discovery_doc},
};

struct PathEntry {
  std::vector<const Route*> routes;
  std::string allowed;
};
using Index = std::map<std::pair<Door, std::string_view>, PathEntry>;

std::string allowed_by(const std::vector<const Route*>& routes) {
  std::vector<std::string_view> methods;
  for (const auto* route : routes) {
    if (std::ranges::find(methods, route->method) != methods.end()) continue;
    methods.push_back(route->method);
    if (route->method == "GET") methods.emplace_back("HEAD");
  }
  std::string text;
  for (const auto method : methods) text.append(method).append(", ");
  return text + "OPTIONS";
}

// RFC 9110 section 9.3.7: what OPTIONS * asks for is the whole server, as it is at that door.
Index make_index() {
  Index index, whole;
  for (const auto& route : table) {
    index[{route.door, route.path}].routes.push_back(&route);
    whole[{route.door, "*"}].routes.push_back(&route);
  }
  for (auto& [at, entry] : whole) index[at].allowed = allowed_by(entry.routes);
  for (auto& [at, entry] : index)
    if (entry.allowed.empty()) entry.allowed = allowed_by(entry.routes);
  return index;
}

}  // namespace

std::span<const Route> routes() { return table; }

RouteMatch find_route(std::string_view method, std::string_view path, Door door) {
  static const Index index = make_index();
  const auto found = index.find({door, path});
  if (found == index.end()) return {};
  for (const auto* route : found->second.routes) {
    if (route->method == method || (method == "HEAD" && route->method == "GET"))
      return {route, found->second.allowed};
  }
  return {nullptr, found->second.allowed};
}

}  // namespace authctl::server
