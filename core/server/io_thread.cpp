#include "core/server/io_thread.h"

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "core/base/encoding.h"
#include "core/base/ip_address.h"
#include "core/base/random.h"
#include "core/base/thread.h"
#include "core/server/client_address.h"
#include "core/server/hash_pool.h"
#include "core/server/workers.h"

namespace authctl::server {
namespace {
namespace asio = boost::asio;
using asio::ip::tcp;
constexpr auto as_value = asio::as_tuple(asio::use_awaitable);
constexpr std::chrono::milliseconds tick_length{200};
constexpr std::size_t most_spare_requests = 64;

std::string random_prefix(base::Random& random) {
  std::array<std::uint8_t, 5> bytes{};
  random.fill(bytes);
  return base::encode_hex(bytes) + "-";
}
}  // namespace

IoThread::IoThread(Site& site, AddressCount& addresses, base::Random& random, const Limits& limits)
    : site_(site),
      addresses_(addresses),
      limits_(limits),
      recognizer_(site.knowledge, site.metrics, random),
      tick_(std::chrono::steady_clock::now()),
      id_prefix_(random_prefix(random)) {
  date_ = http_date(base::to_unix_seconds(site.clock.now()));
}

IoThread::~IoThread() {
  stop();
  join();
}

void IoThread::add(Descriptor socket, const Listening& listening) {
  auto door = std::make_unique<Entrance>(Entrance{Acceptor(context_), listening});
  const bool is_v6 = listening.at.address.find(':') != std::string::npos;
  door->acceptor.assign(is_v6 ? tcp::v6() : tcp::v4(), socket.release());
  doors_.push_back(std::move(door));
}

void IoThread::start() {
  for (auto& door : doors_) asio::co_spawn(context_, accept(*door), asio::detached);
  asio::co_spawn(context_, watch_time(), asio::detached);
  thread_ = base::start_thread([this] {
    context_.run();
    ended_ = true;
  });
}

void IoThread::set_tls(std::shared_ptr<const TlsContext> tls) {
  if (!thread_.joinable()) return void(tls_ = std::move(tls));
  asio::post(context_, [this, tls = std::move(tls)] { tls_ = tls; });
}

void IoThread::drain() {
  asio::post(context_, [this] {
    draining_ = true;
    for (auto& door : doors_) {
      boost::system::error_code ignored;
      door->acceptor.close(ignored);
    }
    for (auto* connection : connections_) connection->drain();
    finish_if_drained();
  });
}

void IoThread::stop() { context_.stop(); }
void IoThread::join() {
  if (thread_.joinable()) thread_.join();
}

void IoThread::finish_if_drained() {
  if (draining_ && connections_.empty()) timer_.cancel();
}

asio::awaitable<void> IoThread::accept(Entrance& door) {
  while (door.acceptor.is_open()) {
    auto [error, socket] = co_await door.acceptor.async_accept(as_value);
    if (error == asio::error::operation_aborted) co_return;
    if (error) {
      // Out of descriptors, mostly: an old connection makes room, and the next try waits a moment.
      make_room();
      asio::steady_timer pause(context_, std::chrono::milliseconds(20));
      co_await pause.async_wait(as_value);
      continue;
    }
    begin(std::move(socket), door.listening);
  }
}

// A proxy that is trusted has everybody's connections; who it is does not change while the server runs.
bool IoThread::is_counted(const std::string& peer) const {
  return !is_trusted(peer, site_.config()->trusted_proxies);
}

void IoThread::begin(Stream::Socket socket, const Listening& listening) {
  boost::system::error_code error;
  const auto end = socket.remote_endpoint(error);
  if (error) return;
  auto peer = base::normal_address(end.address().to_string()).value_or(std::string());
  if (is_counted(peer) && !addresses_.enter(peer)) return void(++site_.metrics.connections_refused);
  ++site_.metrics.connections;
  if (connections_.size() >= limits_.connections) make_room();
  socket.set_option(tcp::no_delay(true), error);
  auto connection = std::make_unique<Connection>(*this, std::move(socket), std::move(peer), listening);
  auto run = [](std::unique_ptr<Connection> one) -> asio::awaitable<void> { co_await one->run(); };
  asio::co_spawn(context_, run(std::move(connection)), asio::detached);
}

// The oldest connection that never finished a request goes first, then the oldest idle one.
void IoThread::make_room() {
  const auto unproven = [](const Connection* c) {
    return !c->has_asked() && c->phase() != Connection::Phase::answering;
  };
  const auto idle = [](const Connection* c) { return c->phase() == Connection::Phase::idle; };
  auto found = std::find_if(connections_.begin(), connections_.end(), unproven);
  if (found == connections_.end()) found = std::find_if(connections_.begin(), connections_.end(), idle);
  if (found == connections_.end()) return;
  (*found)->expire();
}

asio::awaitable<void> IoThread::watch_time() {
  while (!draining_ || !connections_.empty()) {
    tick_ = std::chrono::steady_clock::now();
    site_.hashes->look_at_load();
    date_ = http_date(base::to_unix_seconds(site_.clock.now()));
    for (auto at = connections_.begin(); at != connections_.end();) {
      auto* connection = *at++;
      if (connection->is_overdue(tick_)) connection->expire();
    }
    timer_.expires_after(tick_length);
    co_await timer_.async_wait(as_value);
  }
}

void IoThread::enter(Connection& connection) {
  connections_.push_back(&connection);
  ++site_.metrics.connections_open;
  connection.seat = std::prev(connections_.end());
}

void IoThread::leave(Connection& connection) {
  --site_.metrics.connections_open;
  connections_.erase(connection.seat);
  if (is_counted(connection.peer())) addresses_.leave(connection.peer());
  finish_if_drained();
}

std::unique_ptr<Request> IoThread::take_request() {
  std::unique_ptr<Request> request;
  if (spare_requests_.empty()) {
    request = std::make_unique<Request>();
  } else {
    request = std::move(spare_requests_.back());
    spare_requests_.pop_back();
  }
  request->id = id_prefix_ + std::to_string(++requests_);
  return request;
}

void IoThread::give_back(std::unique_ptr<Request> request) {
  if (spare_requests_.size() < most_spare_requests) spare_requests_.push_back(std::move(request));
}

asio::awaitable<Reply> IoThread::ask_worker(WorkerJob job, Cost cost) {
  auto begin = [this, &job, cost](auto handler) {
    auto waiting = std::make_shared<decltype(handler)>(std::move(handler));
    auto answer = [this, waiting](Reply reply) {
      asio::post(context_, [waiting, reply = std::move(reply)]() mutable { (*waiting)(std::move(reply)); });
    };
    const bool taken = site_.workers->submit(
        [job = std::move(job), answer](service::Realm* realm, const std::exception_ptr& failure) {
          answer(job(realm, failure));
        },
        cost);
    if (taken) return;
    ++site_.metrics.work_refused;
    answer(busy_reply());
  };
  co_return co_await asio::async_initiate<decltype(asio::use_awaitable), void(Reply)>(begin,
                                                                                      asio::use_awaitable);
}

}  // namespace authctl::server
