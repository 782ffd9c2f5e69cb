// One connection: requests read one after the other, answered in order, until either side ends it.
// Invariant: a request is judged by its whole head before anything is done for it; after an answer to a
// request that was refused, or whose body was not read, the connection ends (no bytes of it are ever taken
// for another request).
//
//   handshake ─► idle ─► head ─► body ─► answering ─► idle …
//                  each but the last has a time limit; in `head` and `body` it is answered with 408
#pragma once
#include <boost/asio/awaitable.hpp>
#include <list>
#include <memory>
#include <string>

#include "core/server/listener.h"
#include "core/server/request.h"
#include "core/server/routes.h"
#include "core/server/site.h"
#include "core/server/stream.h"

namespace authctl::server {

class IoThread;

class Connection {
 public:
  enum class Phase { handshake, idle, head, body, answering, ending };

  Connection(IoThread& thread, Stream::Socket socket, std::string peer, const Listening& listening);
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  ~Connection();

  boost::asio::awaitable<void> run();

  Phase phase() const { return phase_; }
  bool has_asked() const { return answered_ > 0; }
  const std::string& peer() const { return peer_; }
  bool is_overdue(std::chrono::steady_clock::time_point now) const { return now >= deadline_; }
  void expire();  // its time is up
  void drain();   // the server goes down: nothing new is read

  std::list<Connection*>::iterator seat;  // in the thread's list, kept by the thread

 private:
  enum class Step { go_on, end };

  boost::asio::awaitable<void> serve();
  boost::asio::awaitable<Step> serve_one();
  boost::asio::awaitable<int> read_head(HeadScan& scan);
  boost::asio::awaitable<int> read_body();
  boost::asio::awaitable<int> read_sized_body();
  boost::asio::awaitable<int> read_chunked_body();
  std::optional<Reply> early_refusal(const Route*& route) const;
  boost::asio::awaitable<Reply> answer(const Route*& route);
  boost::asio::awaitable<Reply> dispatch(const Route& route);
  boost::asio::awaitable<Reply> answer_on_worker(const Route& route);
  boost::asio::awaitable<bool> flush();
  Reply refusal_of(const RouteMatch& match) const;
  void queue(const Reply& reply, bool keep_alive, const Request* request);
  void account(const Reply& reply, const Route* route);
  void enter(Phase phase, std::chrono::milliseconds limit);
  void forget_request();
  std::string_view unread() const { return std::string_view(in_).substr(at_); }

  IoThread& thread_;
  Stream stream_;
  std::string peer_;
  const Listening& listening_;
  std::shared_ptr<const Config> config_;
  std::string in_;  // what was read; a request begins at at_
  std::size_t at_ = 0;
  std::string behind_;                // what came behind a body that was read
  std::string out_;                   // answers that are not written yet
  std::unique_ptr<Request> request_;  // while one is under way
  Phase phase_ = Phase::handshake;
  std::chrono::steady_clock::time_point deadline_;
  std::uint64_t answered_ = 0;
  bool expired_ = false, draining_ = false;
  bool was_worked_on_ = false;  // the request: by a worker
  std::chrono::steady_clock::time_point begun_;
};

}  // namespace authctl::server
