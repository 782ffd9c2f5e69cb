// docs/http-api.md, made from the route table; tests/server/openapi_test.cpp holds the file against it.
#include "core/server/openapi.h"
#include "core/server/routes.h"

namespace authctl::server {
namespace {

constexpr std::string_view preface = R"(# The HTTP interface

Made from the route table (`core/server/routes.cpp`); `authctl schema http` prints the same as OpenAPI 3.1.

Every answer has `Strict-Transport-Security`, `X-Content-Type-Options`, `X-Frame-Options` and `Referrer-Policy`; what
carries a token or a secret has `Cache-Control: no-store`. Errors are `{"error":"…"}` and nothing else of the inside;
a failure of the server has an `X-Request-Id` that its log line has too. A request that changes something and comes with
cookies needs the session's token in `X-CSRF-Token` (`GET /auth/csrf` gives it), and an `Origin` or `Sec-Fetch-Site`,
where sent, that is ours. Bearer requests need neither.

)";

std::string_view access_text(const Access& access) {
  switch (access.kind()) {
    case Access::Kind::everybody:
      return "everybody";
    case Access::Kind::signed_in:
      return "whoever is signed in (bearer token or access cookie)";
    case Access::Kind::permission:
      return "holders of the permission";
  }
  return "";
}

std::string_view limit_text(Limit limit) {
  switch (limit) {
    case Limit::none:
      return "";
    case Limit::login:
      return "AUTHCTL_LIMIT_LOGIN";
    case Limit::registration:
      return "AUTHCTL_LIMIT_REGISTER";
    case Limit::reset:
      return "AUTHCTL_LIMIT_RESET";
    case Limit::refresh:
      return "AUTHCTL_LIMIT_REFRESH";
    case Limit::mfa:
      return "AUTHCTL_LIMIT_MFA";
  }
  return "";
}

std::string_view body_text(BodyKind kind) {
  switch (kind) {
    case BodyKind::none:
      return "";
    case BodyKind::json:
      return "JSON";
    case BodyKind::form:
      return "form";
    case BodyKind::json_or_form:
      return "JSON, or a form";
    case BodyKind::optional:
      return "none, JSON, or a form";
  }
  return "";
}

void add_members(std::string& page, std::string_view title, std::span<const MemberDoc> members) {
  if (members.empty()) return;
  page.append("\n").append(title).append(":\n\n| name | type | what |\n| --- | --- | --- |\n");
  for (const auto& member : members) {
    page.append("| `").append(member.name).append("`").append(member.required ? "" : " (optional)");
    page.append(" | ").append(member.type).append(" | ").append(member.about).append(" |\n");
  }
}

void add_route(std::string& page, const Route& route) {
  page.append("## ").append(route.method).append(" ").append(route.path).append("\n\n");
  page.append(route.doc->summary).append(". For ").append(access_text(route.access));
  if (!route.access.name().empty()) page.append(" `").append(route.access.name()).append("`");
  if (route.door == Door::metrics) page.append(", on the listener of `--metrics-listen` only");
  page += ".";
  if (const auto limit = limit_text(route.limit); !limit.empty())
    page.append(" Limited by `").append(limit).append("`.");
  page += "\n";
  add_members(page, "Query", route.doc->query);
  add_members(page, "Body (" + std::string(body_text(route.body)) + ")", route.doc->request);
  page += "\n| status | when |\n| --- | --- |\n";
  for (const auto& answer : route.doc->answers)
    page.append("| ").append(std::to_string(answer.status)).append(" | ").append(answer.about).append(" |\n");
  for (const auto& answer : route.doc->answers)
    add_members(page, "Answer " + std::to_string(answer.status), answer.members);
  page += "\n";
}

}  // namespace

std::string http_api_page() {
  std::string page(preface);
  page += "Every route may also answer:\n\n| status | when |\n| --- | --- |\n";
  for (const auto& [status, about] : common_answers())
    page.append("| ").append(std::to_string(status)).append(" | ").append(about).append(" |\n");
  page += "\n";
  for (const auto& route : routes()) add_route(page, route);
  while (page.ends_with("\n\n")) page.pop_back();
  return page;
}

}  // namespace authctl::server
