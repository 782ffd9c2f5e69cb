#include "core/server/site.h"

#include "core/server/discovery.h"
#include "core/server/hash_pool.h"
#include "core/server/public_address.h"
#include "core/server/workers.h"

namespace authctl::server {
namespace {
std::vector<std::string> audiences_of(const base::Settings& settings) {
  const auto& named = settings.text("audience");
  return {named.empty() ? settings.text("issuer") : named};
}
PhaseLimits phases_of(const base::Settings& settings) {
  return {.handshake = settings.duration("timeout_head"),
          .head = settings.duration("timeout_head"),
          .body = settings.duration("timeout_body"),
          .write = settings.duration("timeout_write"),
          .idle = settings.duration("timeout_idle")};
}
std::uint64_t next_generation() {
  static std::atomic<std::uint64_t> last{0};
  return ++last;
}

}  // namespace

Config::Config(base::Settings all, std::vector<base::IpNetwork> proxies)
    : generation(next_generation()),
      settings(std::move(all)),
      issuer(settings.text("issuer")),
      audiences(audiences_of(settings)),
      cors_origins(settings.list("cors_origins")),
      sessions(service::session_rules(settings)),
      sign_in(service::sign_in_policy(settings)),
      passwords(service::password_policy(settings)),
      audits_checks(settings.text("audit_checks") != "off"),
      phases(phases_of(settings)),
      discovery(std::make_shared<const std::string>(discovery_of(issuer))),
      public_cache_lines(std::make_shared<const std::string>(
          "Cache-Control: public, max-age=" + std::to_string(settings.duration("jwks_max_age").count()) +
          "\r\n")),
      trusted_proxies(std::move(proxies)) {
  refuse_bad_issuer(issuer);
  refuse_bad_origins(cors_origins);
}

Site::Site(const base::Clock& time, EventLog& events)
    : clock(time), log(events), courier([&events](const std::string& command, const std::string& why) {
        events.write(Level::error, "command.failed", {{"command", command}, {"why", why}});
      }) {}
Site::~Site() = default;

base::Timestamp Site::now() {
  const auto clock_says = clock.now();
  auto seen = latest_.load(std::memory_order_relaxed);
  const auto counts = base::later_of(clock_says, seen);
  if (counts < seen) knowledge.clock_went_back();
  // Not over what another thread has seen meanwhile.
  if (counts != seen) latest_.compare_exchange_strong(seen, counts, std::memory_order_relaxed);
  return counts;
}

void Site::has_seen(base::Timestamp time) {
  if (base::later_of(clock.now(), time) != time) return;  // it would not count
  auto seen = latest_.load(std::memory_order_relaxed);
  while (seen < time && !latest_.compare_exchange_weak(seen, time, std::memory_order_relaxed)) continue;
}

}  // namespace authctl::server
