#include "core/server/cors.h"

#include <algorithm>

namespace authctl::server {
namespace {

// The answer depends on it, also where it was not sent.
constexpr std::string_view vary = "Vary: Origin\r\n";

}  // namespace

bool is_named_origin(std::string_view origin, const Config& config) {
  return std::find(config.cors_origins.begin(), config.cors_origins.end(), origin) !=
         config.cors_origins.end();
}

std::string_view cors_fields_of_nobody(const Config& config) {
  return config.cors_origins.empty() ? std::string_view() : vary;
}

std::string_view cors_fields(const Request& request, const Config& config, std::string& scratch) {
  scratch.clear();
  if (config.cors_origins.empty()) return {};
  scratch = vary;
  const auto origin = request.field(Known::origin);
  if (!origin.empty() && is_named_origin(origin, config)) {
    scratch.append("Access-Control-Allow-Origin: ").append(origin).append("\r\n");
    scratch.append("Access-Control-Allow-Credentials: true\r\n");
  }
  return scratch;
}

void add_preflight(Reply& reply, const Request& request, const Config& config, std::string_view allowed) {
  if (request.field(Known::access_control_request_method).empty()) return;
  if (!is_named_origin(request.field(Known::origin), config)) return;
  reply.with("Access-Control-Allow-Methods", std::string(allowed))
      .with("Access-Control-Allow-Headers", "Authorization, Content-Type, X-CSRF-Token")
      .with("Access-Control-Max-Age", "600");
}

}  // namespace authctl::server
