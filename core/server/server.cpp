#include "core/server/server.h"

#include <sys/resource.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <csignal>

#include "core/base/error.h"
#include "core/base/text.h"
#include "core/server/feed.h"
#include "core/server/hash_pool.h"
#include "core/server/io_thread.h"
#include "core/server/workers.h"

namespace authctl::server {
namespace {

namespace asio = boost::asio;
using base::Error;
using base::ErrorCode;

constexpr std::chrono::seconds longest_drain{30};
constexpr unsigned connections_of_one_address = 512;
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

class Server {
 public:
  Server(const ServeRequest& request, const std::function<base::Settings()>& reload, const base::Clock& clock,
         base::Random& random, std::ostream& out)
      : request_(request),
        reload_(reload),
        clock_(clock),
        random_(random),
        log_(out, clock),
        site_(clock, log_),
        signals_(control_) {
    site_.publish(std::make_shared<const Config>(reload_(), proxies_of(request_)));
    tls_ = make_tls(request, clock);
    auto opener = std::make_shared<service::RealmOpener>(request.store, clock, random);
    site_.hashes = std::make_unique<HashPool>(HashPool::Limits{.threads = 0});
    site_.workers = std::make_unique<Workers>(
        site_, [opener] { return std::make_unique<service::Realm>(opener->open()); }, Workers::Limits{});
    feed_ = std::make_unique<Feed>(site_.knowledge, log_,
                                   [opener] { return std::make_unique<service::Realm>(opener->open()); });
    site_.set_csrf(site_.workers->common().sealer());
  }

  void run() {
    open_listeners();
    for (const int signal : {SIGTERM, SIGINT, SIGHUP}) signals_.add(signal);
    wait_for_signal();
    feed_->start();
    for (auto& thread : threads_) thread->start();
    log_.info("server.started", {{"listen", listen_.text()}, {"tls", tls_ != nullptr}});
    control_.run();
    finish();
    log_.info("server.stopped");
  }

 private:
  void open_listeners() {
    listen_ = parse_endpoint(request_.listen, "--listen");
    if (!tls_ && !listen_.is_loopback() && request_.behind_proxy.empty())
      throw Error(ErrorCode::usage, "plain HTTP is served on loopback only, not on " + listen_.text(),
                  "--tls-cert FILE --tls-key FILE, --dev, or --behind-proxy CIDR");
    const auto descriptors = raise_descriptor_limit();
    const unsigned count =
        request_.threads != 0 ? request_.threads : std::max(1U, std::thread::hardware_concurrency());
    for (unsigned i = 0; i < count; ++i) {
      threads_.push_back(
          std::make_unique<IoThread>(site_, addresses_, random_, IoThread::Limits{descriptors / count}));
      threads_.back()->set_tls(tls_);
      auto socket = listen_at(listen_);
      threads_.back()->add(std::move(socket), {Door::open, listen_});
    }
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
      site_.publish(std::move(config));
      tls_ = std::move(tls);
      for (auto& thread : threads_) thread->set_tls(tls_);
      log_.info("server.reloaded");
    } catch (const base::Error& error) {
      log_.write(Level::error, "server.reload_failed", {{"message", error.message()}});
    }
  }

  void finish() {
    log_.info("server.draining");
    site_.draining = true;
    for (auto& thread : threads_) thread->drain();
    std::atomic<bool> drained{false};
    std::thread waiter([&] {
      for (auto& thread : threads_) thread->join();
      drained = true;
    });
    const auto patience = std::chrono::steady_clock::now() + longest_drain;
    while (!drained && std::chrono::steady_clock::now() < patience)
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    if (!drained) log_.write(Level::warning, "server.drain_cut_short");
    for (auto& thread : threads_) thread->stop();
    waiter.join();
    site_.workers.reset();
    feed_.reset();
    threads_.clear();
  }

  const ServeRequest& request_;
  std::function<base::Settings()> reload_;
  const base::Clock& clock_;
  base::Random& random_;
  EventLog log_;
  Site site_;
  AddressCount addresses_{connections_of_one_address};
  std::unique_ptr<Feed> feed_;
  std::shared_ptr<const TlsContext> tls_;
  Endpoint listen_;
  std::vector<std::unique_ptr<IoThread>> threads_;
  asio::io_context control_{1};
  asio::signal_set signals_;
};

}  // namespace

void serve(const ServeRequest& request, const std::function<base::Settings()>& reload,
           const base::Clock& clock, base::Random& random, std::ostream& log) {
  Server(request, reload, clock, random, log).run();
}

}  // namespace authctl::server
