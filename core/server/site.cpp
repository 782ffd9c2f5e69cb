#include "core/server/site.h"

#include "core/server/hash_pool.h"
#include "core/server/workers.h"

namespace authctl::server {
namespace {
std::vector<std::string> audiences_of(const base::Settings& settings) {
  const auto& named = settings.text("audience");
  return {named.empty() ? settings.text("issuer") : named};
}
}  // namespace

Config::Config(base::Settings all, std::vector<base::IpNetwork> proxies)
    : settings(std::move(all)),
      issuer(settings.text("issuer")),
      audiences(audiences_of(settings)),
      cors_origins(settings.list("cors_origins")),
      trusted_proxies(std::move(proxies)) {}

Site::Site(const base::Clock& time, EventLog& events) : clock(time), log(events) {}
Site::~Site() = default;

}  // namespace authctl::server
