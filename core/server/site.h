// What the threads of one server share: settings, workers, the hash pool, the log, and whether it is going
// down. Invariant: settings are immutable once they are published; SIGHUP publishes others, and a request
// sees one set from its beginning to its end.
#pragma once
#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "core/base/clock.h"
#include "core/base/config.h"
#include "core/base/ip_network.h"
#include "core/server/csrf.h"
#include "core/server/event_log.h"
#include "core/server/head.h"
#include "core/server/jwks_readers.h"
#include "core/server/knowledge.h"
#include "core/server/metrics.h"
#include "core/server/turnstile.h"
#include "core/service/courier.h"
#include "core/service/policies.h"
#include "core/service/sessions.h"

namespace authctl::server {

class HashPool;
class Recognizer;
class Workers;

// How long each phase of a connection may take.
struct PhaseLimits {
  std::chrono::milliseconds handshake;
  std::chrono::milliseconds head;  // from its first byte to its last
  std::chrono::milliseconds body;
  std::chrono::milliseconds write;
  std::chrono::milliseconds idle;  // between requests, and before the first
};

struct Config {
  // Error usage for an issuer or an origin that the world outside could not be told.
  Config(base::Settings all, std::vector<base::IpNetwork> proxies);
  std::uint64_t generation;  // another one for each set
  base::Settings settings;
  std::string issuer;
  std::vector<std::string> audiences;  // one at least
  std::vector<std::string> cors_origins;
  service::SessionRules sessions;
  service::SignInPolicy sign_in;
  service::PasswordPolicy passwords;
  bool audits_checks = false;  // AUTHCTL_AUDIT_CHECKS is not off
  PhaseLimits phases;
  std::shared_ptr<const std::string> discovery, public_cache_lines;  // as they are served
  std::vector<base::IpNetwork> trusted_proxies;                      // --behind-proxy
  HeadLimits limits;
};

struct Site {
  Site(const base::Clock& time, EventLog& events);
  ~Site();

  std::shared_ptr<const Config> config() const { return config_.load(); }
  void publish(std::shared_ptr<const Config> config) { config_.store(std::move(config)); }

  const CsrfTokens& csrf() const { return *csrf_; }
  void set_csrf(const crypto::Sealer& sealer) { csrf_.emplace(sealer); }

  // The instant that counts: the clock's, or the latest that was seen where it was set back since, as
  // Realm::now has it. A token that has expired stays so, and one that was just made is good.
  base::Timestamp now();
  void has_seen(base::Timestamp time);
  // For the realms, so that what they make is good by the same instant.
  const std::atomic<base::Timestamp>& latest() const { return latest_; }
  const base::Clock& clock;
  EventLog& log;
  // The store was read a moment ago, and the last change that was tried was written.
  bool is_ready(std::chrono::steady_clock::time_point now) const {
    return !draining && writes && knowledge.is_fresh(now);
  }

  Knowledge knowledge;
  JwksReaders jwks_readers;
  mutable Metrics metrics;
  service::Courier courier;  // of mails and alerts
  std::unique_ptr<HashPool> hashes;
  Turnstile turnstile;  // of sign-ins
  std::unique_ptr<Workers> workers;
  std::atomic<bool> draining{false};
  std::atomic<bool> writes{true};          // whether the last change that was tried could be written
  std::atomic<std::uint64_t> openings{0};  // moves when the store was lost: connections to it count no more

 private:
  std::atomic<base::Timestamp> latest_{base::Timestamp{}};
  std::optional<CsrfTokens> csrf_;
  std::atomic<std::shared_ptr<const Config>> config_;
};

// Of one I/O thread, for one request: what a handler may use that answers on the spot.
struct Spot {
  Site& site;
  const Config& config;
  base::Timestamp now;
  Recognizer& recognizer;
  std::chrono::steady_clock::time_point tick;
};

}  // namespace authctl::server
