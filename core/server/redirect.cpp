#include "core/server/redirect.h"

#include "core/server/routes.h"

namespace authctl::server {
namespace {

std::string origin_of(const std::string& issuer) {
  const auto scheme = issuer.find("://");
  const auto host = scheme == std::string::npos ? 0 : scheme + 3;
  return "https://" + issuer.substr(host, issuer.find('/', host) - host);
}

}  // namespace

Reply redirect_reply(const Request& request, const Config& config) {
  const bool reads = request.method() == "GET" || request.method() == "HEAD";
  const bool carries_secret = request.head.has(Known::authorization) || request.head.has(Known::cookie);
  if (!reads || carries_secret || request.path().starts_with("/auth/"))
    return error_reply(403, "HTTPS is required");
  std::string target(request.path());
  if (target.empty()) target = "/";
  if (!request.query().empty()) target.append("?").append(request.query());
  Reply reply{.status = 301};
  reply.with("Location", origin_of(config.issuer) + target);
  return reply;
}

}  // namespace authctl::server
