#include "core/server/transport.h"

#include "core/server/client_address.h"

namespace authctl::server {
namespace {

std::vector<std::string_view> forwarded_for(const Head& head) {
  std::vector<std::string_view> values;
  std::size_t from = 0;
  while (const auto value = head.next("x-forwarded-for", from)) values.push_back(*value);
  return values;
}

bool is_health(const Route& route) { return route.path == "/healthz" || route.path == "/readyz"; }

}  // namespace

void place_client(Request& request, const Config& config) {
  request.address = request.peer;
  if (config.trusted_proxies.empty() || !is_trusted(request.peer, config.trusted_proxies)) return;
  request.address = client_address(request.peer, forwarded_for(request.head), config.trusted_proxies);
  if (request.head.has(Known::forwarded_proto))
    request.secure = equal_ignoring_case(request.field(Known::forwarded_proto), "https");
}

std::optional<Reply> refuse_plain(const Request& request, const Route& route, const Config& config,
                                  bool on_loopback) {
  if (request.secure || is_health(route)) return std::nullopt;
  const bool proxy_says_plain =
      request.head.has(Known::forwarded_proto) && is_trusted(request.peer, config.trusted_proxies);
  if (on_loopback && !proxy_says_plain) return std::nullopt;
  return error_reply(403, "HTTPS is required");
}

}  // namespace authctl::server
