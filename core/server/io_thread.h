// One I/O thread: its own io_context, its own listening sockets, its own connections. Nothing of it is shared
// but what Site holds. Invariant: whatever belongs to a connection is touched on this thread only; workers
// hand their answers back to it.
#pragma once
#include <atomic>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <list>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "core/server/address_count.h"
#include "core/server/connection.h"
#include "core/server/recognition.h"
#include "core/server/site.h"
#include "core/service/realm.h"

namespace authctl::server {

class IoThread {
 public:
  struct Limits {
    std::size_t connections = 10'000;
  };
  IoThread(Site& site, AddressCount& addresses, base::Random& random, const Limits& limits);
  IoThread(const IoThread&) = delete;
  IoThread& operator=(const IoThread&) = delete;
  ~IoThread();

  void add(Descriptor socket, const Listening& listening);  // before start()
  void start();
  // From any thread.
  void set_tls(std::shared_ptr<const TlsContext> tls);
  void drain();  // stops accepting, lets go of idle connections; the thread ends with the last one
  void stop();   // ends at once
  bool has_ended() const { return ended_; }
  void join();

  // For connections, on this thread.
  Site& site() { return site_; }
  const std::shared_ptr<const TlsContext>& tls() const { return tls_; }
  std::chrono::steady_clock::time_point tick() const { return tick_; }  // a moment ago at most
  std::string_view date() const { return date_; }
  std::string& scratch() { return scratch_; }
  std::span<char> read_room() { return read_room_; }  // for Stream::read_some alone
  Spot spot(const Config& config, base::Timestamp now) { return {site_, config, now, recognizer_, tick_}; }
  Recognizer& recognizer() { return recognizer_; }
  void enter(Connection& connection);
  void leave(Connection& connection);
  std::unique_ptr<Request> take_request();
  void give_back(std::unique_ptr<Request> request);

  // Runs the job on a worker thread; 503 where their queue is full.
  using WorkerJob = std::function<Reply(service::Realm*, const std::exception_ptr&)>;
  boost::asio::awaitable<Reply> ask_worker(WorkerJob job, Cost cost);

 private:
  using Acceptor = boost::asio::ip::tcp::acceptor;
  struct Entrance {
    Acceptor acceptor;
    Listening listening;
  };

  boost::asio::awaitable<void> accept(Entrance& door);
  boost::asio::awaitable<void> watch_time();
  void begin(Stream::Socket socket, const Listening& listening);
  void make_room();
  bool is_counted(const std::string& peer) const;
  void finish_if_drained();

  Site& site_;
  AddressCount& addresses_;
  Limits limits_;
  boost::asio::io_context context_{1};
  boost::asio::steady_timer timer_{context_};
  std::vector<std::unique_ptr<Entrance>> doors_;
  std::list<Connection*> connections_;  // the oldest first
  std::vector<std::unique_ptr<Request>> spare_requests_;
  std::shared_ptr<const TlsContext> tls_;
  Recognizer recognizer_;
  std::chrono::steady_clock::time_point tick_;
  std::string date_, scratch_, id_prefix_;
  std::array<char, 16384> read_room_{};
  std::uint64_t requests_ = 0;
  bool draining_ = false;
  std::thread thread_;
  std::atomic<bool> ended_{false};
};

}  // namespace authctl::server
