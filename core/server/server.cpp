#include "core/server/server.h"

#include <sys/resource.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <csignal>

#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/text.h"
#include "core/server/doors.h"
#include "core/server/feed.h"
#include "core/server/hash_pool.h"
#include "core/server/io_thread.h"
#include "core/server/workers.h"
#include "core/service/auth_log.h"

namespace authctl::server {
namespace {

namespace asio = boost::asio;
using base::Error;
using base::ErrorCode;

constexpr std::chrono::seconds longest_drain{30};
constexpr std::size_t descriptors_kept = 128;  // for the store, the log and listening sockets

std::size_t raise_descriptor_limit() {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
  ::getrlimit(RLIMIT_NOFILE, &limit);
  return std::max<std::size_t>(limit.rlim_cur, 2 * descriptors_kept) - descriptors_kept;
}

std::shared_ptr<const TlsContext> make_tls(const ServeRequest& request, const base::Clock& clock) {
  if (request.tls_certificate.empty() != request.tls_key.empty())
    throw Error(ErrorCode::usage, "--tls-cert and --tls-key go together",
                "authctl serve --tls-cert FILE --tls-key FILE");
  if (request.dev && !request.tls_certificate.empty())
    throw Error(ErrorCode::usage, "--dev makes its own certificate",
                "leave --tls-cert and --tls-key out, or --dev");
  if (request.dev) return TlsContext::self_signed(clock.now());
  if (request.tls_certificate.empty()) return nullptr;
  return TlsContext::from_files(request.tls_certificate, request.tls_key);
}

std::vector<base::IpNetwork> proxies_of(const ServeRequest& request) {
  std::vector<base::IpNetwork> networks;
  for (const auto& text : request.behind_proxy) {
    const auto network = base::IpNetwork::parse(text);
    if (!network)
      throw Error(ErrorCode::usage, "--behind-proxy is no network: " + base::quote(text),
                  "an address or a block: 10.0.0.5, 10.0.0.0/8, 2001:db8::/32");
    networks.push_back(*network);
  }
  return networks;
}

unsigned connections_of(const Config& config) {
  return static_cast<unsigned>(
      std::clamp<std::int64_t>(config.settings.integer("limit_connections"), 1, 1 << 20));
}

class Server {
 public:
  Server(const ServeRequest& request, const std::function<base::Settings()>& reload, const base::Clock& clock,
         base::Random& random, int out)
      : request_(request),
        reload_(reload),
        clock_(clock),
        random_(random),
        log_(out, clock),
        site_(clock, log_),
        signals_(control_) {
    site_.publish(std::make_shared<const Config>(reload_(), proxies_of(request_)));
    addresses_.set_most(connections_of(*site_.config()));
    tls_ = make_tls(request, clock);
    auto opener = std::make_shared<service::RealmOpener>(request.store, clock, random);
    site_.hashes = std::make_unique<HashPool>(HashPool::Limits{});
    const auto open = [this, opener] {
      auto realm = std::make_unique<service::Realm>(opener->open());
      realm->count_from(site_.latest());
      realm->on_alert([this](std::vector<std::string>&& alerts) { send_alerts(std::move(alerts)); });
      return realm;
    };
    site_.workers = std::make_unique<Workers>(site_, open, Workers::Limits{});
    feed_ = std::make_unique<Feed>(site_, open);
    site_.set_csrf(site_.workers->common()->sealer());
  }

  void run() {
    open_listeners();
    if (request_.dry_run) {
      if (base::mode_of(site_.config()->sign_in.auth_log) != -1) try_auth_log();
      return log_.info("server.would_start", members_of_start());
    }
    for (const int signal : {SIGTERM, SIGINT, SIGHUP}) signals_.add(signal);
    ::signal(SIGXFSZ, SIG_IGN);  // a file that may not grow is an error of the store, not our end
    wait_for_signal();
    feed_->start();
    for (auto& thread : threads_) thread->start();
    say_started();
    control_.run();
    finish();
    log_.info("server.stopped");
  }

 private:
  void send_alerts(std::vector<std::string>&& alerts) {
    const auto command = site_.config()->settings.text("alert_command");
    if (command.empty()) return;
    for (auto& alert : alerts)
      if (!site_.courier.send(command, std::move(alert))) log_.write(Level::error, "alert.too_many");
  }

  void open_listeners() {
    const auto descriptors = raise_descriptor_limit();
    const unsigned count =
        request_.threads != 0 ? request_.threads : std::max(1U, std::thread::hardware_concurrency());
    for (unsigned i = 0; i < count; ++i) {
      threads_.push_back(
          std::make_unique<IoThread>(site_, addresses_, random_, IoThread::Limits{descriptors / count}));
      threads_.back()->set_tls(tls_);
    }
    doors_ = open_doors(request_, tls_ != nullptr, threads_);
  }

  base::json::object members_of_start() const {
    base::json::object members{{"listen", doors_.listen}, {"tls", tls_ != nullptr}};
    if (!doors_.metrics.empty()) members["metrics"] = doors_.metrics;
    if (!doors_.redirect.empty()) members["redirect"] = doors_.redirect;
    if (tls_) {
      members["certificate_sha256"] = tls_->fingerprint();
      members["certificate_expires_at"] = base::to_rfc3339(tls_->expires_at());
    }
    return members;
  }

  void say_started() {
    try_auth_log();
    log_.info("server.started", members_of_start());
    tell_service_manager(request_.environment, "READY=1");
  }

  // Makes the file that watchers for guessers wait for; one that cannot be written would leave them blind.
  void try_auth_log() {
    const auto file = site_.config()->sign_in.auth_log;
    if (!file.empty() && !service::append_to_auth_log(file, ""))
      log_.write(Level::warning, "auth_log.unwritable", {{"file", file}});
  }

  void wait_for_signal() {
    signals_.async_wait([this](const boost::system::error_code& error, int signal) {
      if (error) return;
      if (signal != SIGHUP) return control_.stop();
      reload();
      wait_for_signal();
    });
  }

  // What cannot be read leaves what held before.
  void reload() {
    try {
      auto config = std::make_shared<const Config>(reload_(), proxies_of(request_));
      auto tls = make_tls(request_, clock_);
      addresses_.set_most(connections_of(*config));
      site_.publish(std::move(config));
      tls_ = std::move(tls);
      for (auto& thread : threads_) thread->set_tls(tls_);
      log_.info("server.reloaded");
      try_auth_log();
    } catch (const base::Error& error) {
      log_.write(Level::error, "server.reload_failed", {{"message", error.message()}});
    }
  }

  void finish() {
    log_.info("server.draining");
    tell_service_manager(request_.environment, "STOPPING=1");
    site_.draining = true;
    for (auto& thread : threads_) thread->drain();
    const auto drained = [&] {
      return std::ranges::all_of(threads_, [](const auto& thread) { return thread->has_ended(); });
    };
    const auto patience = std::chrono::steady_clock::now() + longest_drain;
    while (!drained() && std::chrono::steady_clock::now() < patience)
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    if (!drained()) log_.write(Level::warning, "server.drain_cut_short");
    for (auto& thread : threads_) thread->stop();
    for (auto& thread : threads_) thread->join();
    site_.workers.reset();
    feed_->finish();
    feed_.reset();
    threads_.clear();
  }

  const ServeRequest& request_;
  std::function<base::Settings()> reload_;
  const base::Clock& clock_;
  base::Random& random_;
  EventLog log_;
  Site site_;
  AddressCount addresses_;
  std::unique_ptr<Feed> feed_;
  std::shared_ptr<const TlsContext> tls_;
  Doors doors_;
  std::vector<std::unique_ptr<IoThread>> threads_;
  asio::io_context control_{1};
  asio::signal_set signals_;
};

}  // namespace

void serve(const ServeRequest& request, const std::function<base::Settings()>& reload,
           const base::Clock& clock, base::Random& random, int log) {
  Server(request, reload, clock, random, log).run();
}

}  // namespace authctl::server
