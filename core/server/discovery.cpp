#include "core/server/discovery.h"

#include "core/server/routes.h"
#include "core/server/site.h"

namespace authctl::server {
namespace {

struct Endpoint {
  std::string_view member, method, path;
};
constexpr std::array endpoints{
    Endpoint{"authorization_endpoint", "GET", "/oauth2/authorize"},
    Endpoint{"token_endpoint", "POST", "/oauth2/token"},
    Endpoint{"introspection_endpoint", "POST", "/oauth2/introspect"},
    Endpoint{"revocation_endpoint", "POST", "/oauth2/revoke"},
    Endpoint{"userinfo_endpoint", "GET", "/oauth2/userinfo"},
    Endpoint{"jwks_uri", "GET", "/.well-known/jwks.json"},
};

base::json::array words(std::initializer_list<std::string_view> list) {
  base::json::array array;
  for (const auto word : list) array.emplace_back(word);
  return array;
}

bool is_served(std::string_view method, std::string_view path) {
  return find_route(method, path, Door::open).route != nullptr;
}

Reply kept_by_clients(std::shared_ptr<const std::string> body, const Config& config) {
  Reply reply{.status = 200, .type = json_type, .shared = std::move(body)};
  reply.lines = config.public_cache_lines;
  return reply;
}

}  // namespace

std::string jwks_of(const token::KeySet& keys, base::Timestamp now) {
  base::json::array published;
  for (const auto& entry : keys.entries()) {
    const bool is_over = entry.verifies_until && *entry.verifies_until <= now;
    if (is_over || entry.state == token::KeyState::revoked || crypto::is_symmetric(entry.key.algorithm()))
      continue;
    published.push_back(token::public_jwk(entry.key));
  }
  return base::json::serialize(base::json::object{{"keys", std::move(published)}});
}

std::string discovery_of(const std::string& issuer) {
  base::json::object metadata{{"issuer", issuer}};
  auto base_url = issuer;
  while (base_url.ends_with('/')) base_url.pop_back();
  for (const auto& [member, method, path] : endpoints)
    if (is_served(method, path)) metadata[member] = base_url + std::string(path);
  metadata["id_token_signing_alg_values_supported"] = words({"ES256", "EdDSA", "RS256"});
  metadata["subject_types_supported"] = words({"public"});
  metadata["response_types_supported"] = words({});
  metadata["grant_types_supported"] = words({});
  if (is_served("GET", "/oauth2/authorize")) {
    metadata["response_types_supported"] = words({"code"});
    metadata["grant_types_supported"] = words({"authorization_code", "client_credentials", "refresh_token"});
    metadata["code_challenge_methods_supported"] = words({"S256"});
    metadata["token_endpoint_auth_methods_supported"] =
        words({"client_secret_basic", "client_secret_post", "none"});
    metadata["authorization_response_iss_parameter_supported"] = true;
  }
  return base::json::serialize(metadata);
}

std::optional<Reply> jwks(const Request& request, Spot& spot) {
  if (!spot.site.knowledge.is_fresh(spot.tick)) return busy_reply();
  spot.site.jwks_readers.note(request.address, request.received);
  return kept_by_clients(spot.site.knowledge.keys()->jwks, spot.config);
}

std::optional<Reply> discovery(const Request&, Spot& spot) {
  return kept_by_clients(spot.config.discovery, spot.config);
}

}  // namespace authctl::server
