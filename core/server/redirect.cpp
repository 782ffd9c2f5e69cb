#include "core/server/redirect.h"

namespace authctl::server {
namespace {

std::string origin_of(const std::string& issuer) {
  const auto scheme = issuer.find("://");
  const auto host = scheme == std::string::npos ? 0 : scheme + 3;
  return "https://" + issuer.substr(host, issuer.find('/', host) - host);
}

}  // namespace

Reply redirect_reply(const Request& request, const Config& config) {
  std::string target(request.path());
  if (target.empty() || target == "*") target = "/";  // * is no path: RFC 9112 section 3.2.4
  if (!request.query().empty()) target.append("?").append(request.query());
  Reply reply{.status = 301};
  reply.with("Location", origin_of(config.issuer) + target);
  return reply;
}

}  // namespace authctl::server
