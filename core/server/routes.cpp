#include "core/server/routes.h"

#include <array>
#include <map>
#include <string>

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
    {403, "the permission is not held"}};
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

// method, path, who may ask, body, limit, cost, handler, documentation
constexpr std::array table{
    Route{"GET", "/healthz", Access::everybody(), BodyKind::none, Limit::none, Cost::light, healthz,
          &health_doc},
    Route{"GET", "/readyz", Access::everybody(), BodyKind::none, Limit::none, Cost::light, readyz,
          &ready_doc},
    Route{"GET", "/metrics", Access::everybody(), BodyKind::none, Limit::none, Cost::light, metrics,
          &metrics_doc, Door::metrics},
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
using Index = std::map<std::string_view, PathEntry>;

Index make_index() {
  Index index;
  for (const auto& route : table) index[route.path].routes.push_back(&route);
  for (auto& [path, entry] : index) {
    for (const auto* route : entry.routes) {
      if (!entry.allowed.empty()) entry.allowed += ", ";
      entry.allowed += route->method;
      if (route->method == "GET") entry.allowed += ", HEAD";
    }
    entry.allowed += ", OPTIONS";
  }
  return index;
}

}  // namespace

std::span<const Route> routes() { return table; }

RouteMatch find_route(std::string_view method, std::string_view path, Door door) {
  static const Index index = make_index();
  const auto found = index.find(path);
  if (found == index.end() || found->second.routes.front()->door != door) return {};
  for (const auto* route : found->second.routes) {
    if (route->method == method || (method == "HEAD" && route->method == "GET"))
      return {route, found->second.allowed};
  }
  return {nullptr, found->second.allowed};
}

}  // namespace authctl::server
