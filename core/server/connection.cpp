#include "core/server/connection.h"

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "core/audit/log.h"
#include "core/base/error.h"
#include "core/server/chunked.h"
#include "core/server/cors.h"
#include "core/server/failure.h"
#include "core/server/guard.h"
#include "core/server/hash_pool.h"
#include "core/server/io_thread.h"
#include "core/server/redirect.h"
#include "core/server/request_line.h"
#include "core/server/transport.h"
#include "core/server/workers.h"

namespace authctl::server {
namespace {
namespace asio = boost::asio;

constexpr std::size_t kept_while_idle = 2048;   // of a buffer's room
constexpr std::size_t most_queued = 64 * 1024;  // of answers, before they are written
constexpr std::size_t most_read_away = 8 * 1024 * 1024;
constexpr std::string_view go_on = "HTTP/1.1 100 Continue\r\n\r\n";

bool has_type(std::string_view content_type, std::string_view wanted) {
  const auto end = std::min(content_type.find(';'), content_type.size());
  auto type = content_type.substr(0, end);
  while (!type.empty() && (type.back() == ' ' || type.back() == '\t')) type.remove_suffix(1);
  return equal_ignoring_case(type, wanted);
}

// RFC 9110 section 15.5.16.
bool suits(BodyKind kind, const Head& head) {
  const auto type = head.get(Known::content_type);
  if (!head.has_body() && type.empty()) return true;  // what is missing in it the handler says
  const bool json = has_type(type, json_type), form = has_type(type, "application/x-www-form-urlencoded");
  switch (kind) {
    case BodyKind::none:
      return !head.has_body();
    case BodyKind::json:
      return json;
    case BodyKind::form:
      return form;
    case BodyKind::json_or_form:
      return json || form;
    case BodyKind::optional:
      return json || form || !head.has_body();
  }
  return false;
}

// RFC 9110 section 8.4: the content is what it is once its coding is undone, and none is undone here.
bool is_encoded(const Head& head) {
  std::size_t from = 0;
  while (const auto coding = head.next("content-encoding", from)) {
    if (!coding->empty() && !equal_ignoring_case(*coding, "identity")) return true;
  }
  return false;
}

// Of the refusals of a head those that are decided when all of it was read and found in order.
bool is_of_a_sound_head(int status) { return status == 413 || status == 417; }

}  // namespace

Connection::Connection(IoThread& thread, Stream::Socket socket, std::string peer, const Listening& listening)
    : thread_(thread),
      stream_(std::move(socket)),
      peer_(std::move(peer)),
      listening_(listening),
      config_(thread.site().config()) {
  thread_.enter(*this);
}

Connection::~Connection() { thread_.leave(*this); }

void Connection::enter(Phase phase, std::chrono::milliseconds limit) {
  phase_ = phase;
  deadline_ = limit == limit.max() ? deadline_.max() : thread_.tick() + limit;
}

void Connection::expire() {
  expired_ = true;
  deadline_ = deadline_.max();
  if (phase_ == Phase::ending) return stream_.close();
  stream_.cancel();
}

void Connection::drain() {
  draining_ = true;
  if (phase_ == Phase::idle || phase_ == Phase::handshake) stream_.cancel();
}

asio::awaitable<void> Connection::run() {
  try {
    co_await serve();
  } catch (const std::exception& error) {
    thread_.site().log.write(Level::error, "connection.failed", {{"error", error.what()}});
  }
}

asio::awaitable<void> Connection::serve() {
  if (const auto tls = thread_.tls(); tls && listening_.is_encrypted()) {
    enter(Phase::handshake, config_->phases.handshake);
    if (!co_await stream_.handshake(*tls)) {
      ++thread_.site().metrics.handshakes_failed;
      co_return;
    }
  }
  while (!draining_ && co_await serve_one() == Step::go_on) continue;
  enter(Phase::ending, std::chrono::seconds(2));
  if (co_await flush()) co_await stream_.end(most_read_away);
}

asio::awaitable<Connection::Step> Connection::serve_one() {
  HeadScan scan;
  int status = co_await read_head(scan);
  if (status < 0) co_return Step::end;
  bool keep_alive = false;
  begun_ = std::chrono::steady_clock::now();
  was_worked_on_ = false;
  if (status == 0) {
    config_ = thread_.site().config();
    request_->peer = peer_;
    request_->secure = stream_.is_tls();
    place_client(*request_, *config_);
    request_->received = thread_.site().now();
    at_ += scan.size;
    const Route* route = nullptr;
    auto reply = co_await answer(route);
    keep_alive = request_->head.keep_alive && !reply.close && !draining_ && !thread_.site().draining;
    account(reply, route);
    queue(reply, keep_alive, request_.get());
  } else {
    auto refusal = error_reply(status);
    const bool is_sound = is_of_a_sound_head(status);
    if (!is_sound) request_->head.method = request_->head.path = {};  // what it means is not known
    request_->address = peer_;
    account(refusal, nullptr);
    queue(refusal, false, is_sound ? request_.get() : nullptr);
  }
  forget_request();
  if (!keep_alive) co_return Step::end;
  // Answers to requests that came together leave together.
  if (at_ == in_.size() || out_.size() > most_queued) {
    if (!co_await flush()) co_return Step::end;
  }
  co_return Step::go_on;
}

// 0: a head is there; negative: the connection ends without an answer; else the status of the refusal. Until
// bytes come, a connection holds nothing but itself.
asio::awaitable<int> Connection::read_head(HeadScan& scan) {
  enter(unread().empty() ? Phase::idle : Phase::head,
        unread().empty() ? config_->phases.idle : config_->phases.head);
  const auto room = thread_.read_room();
  bool is_worth_a_look = true;
  while (true) {
    if (!unread().empty() && is_worth_a_look) {
      if (!request_) request_ = thread_.take_request();
      scan = scan_head(unread(), request_->head, config_->limits);
      if (scan.state == HeadScan::State::complete) co_return 0;
      if (scan.state == HeadScan::State::refused) co_return scan.status;
      if (!out_.empty() && !co_await flush()) co_return -1;
    }
    if (at_ > 0) in_.erase(0, std::exchange(at_, 0));
    const std::size_t size = co_await stream_.read_some(room);
    if (size == 0) co_return expired_ && !in_.empty() ? 408 : -1;
    const std::string_view more(room.data(), size);
    in_.append(more);
    // Byte after byte does not have the whole of it read again each time.
    is_worth_a_look = in_.size() == size || more.find('\n') != more.npos || in_.size() > config_->limits.line;
    if (phase_ != Phase::head) enter(Phase::head, config_->phases.head);
  }
}

// 0: the body is there; negative: the peer is gone; else the status of the refusal.
asio::awaitable<int> Connection::read_body() {
  const Head& head = request_->head;
  if (!head.has_body()) co_return 0;
  enter(Phase::body, config_->phases.body);
  if (head.expects_continue && unread().empty()) {
    out_ += go_on;
    if (!co_await flush()) co_return -1;
  }
  if (head.chunked) co_return co_await read_chunked_body();
  co_return co_await read_sized_body();
}

asio::awaitable<int> Connection::read_sized_body() {
  const std::size_t length = request_->head.content_length;
  auto& body = request_->body;
  body.assign(unread().substr(0, length));
  at_ += body.size();
  const auto room = thread_.read_room();
  while (body.size() < length) {
    const auto wanted = room.first(std::min(length - body.size(), room.size()));
    const std::size_t size = co_await stream_.read_some(wanted);
    if (size == 0) co_return expired_ ? 408 : -1;
    body.append(wanted.data(), size);
  }
  co_return 0;
}

// The head's views point into in_, so what is read beyond the body is put there only when the answer is
// written.
asio::awaitable<int> Connection::read_chunked_body() {
  ChunkedBody chunks(config_->limits.body);
  at_ += chunks.feed(unread());
  const auto room = thread_.read_room();
  while (chunks.state() == ChunkedBody::State::incomplete) {
    const std::size_t size = co_await stream_.read_some(room);
    if (size == 0) co_return expired_ ? 408 : -1;
    const std::size_t taken = chunks.feed({room.data(), size});
    behind_.assign(room.data() + taken, size - taken);
  }
  if (chunks.state() == ChunkedBody::State::refused) co_return chunks.status();
  request_->body = std::move(chunks.body());
  co_return 0;
}

// What is not answered by a handler.
Reply Connection::refusal_of(const RouteMatch& match) const {
  if (match.allowed.empty()) return error_reply(404);
  const bool asks_options = request_->method() == "OPTIONS";
  auto reply = asks_options ? Reply{} : error_reply(405);
  reply.with("Allow", std::string(match.allowed));
  if (asks_options) add_preflight(reply, *request_, *config_, match.allowed);
  return reply;
}

// What can be said by the head alone.
std::optional<Reply> Connection::early_refusal(const Route*& route) const {
  if (listening_.door == Door::redirect) return redirect_reply(*request_, *config_);
  const auto match = find_route(request_->method(), request_->path(), listening_.door);
  if (match.route == nullptr) return refusal_of(match);
  route = match.route;
  if (auto refusal = refuse_plain(*request_, *route, *config_, listening_.at.is_loopback())) return refusal;
  if (!suits(route->body, request_->head)) return error_reply(route->body == BodyKind::none ? 400 : 415);
  if (request_->head.has_body() && is_encoded(request_->head)) {
    auto refusal = error_reply(415);
    refusal.with("Accept-Encoding", "identity");  // RFC 9110 section 12.5.3: it was the coding
    return refusal;
  }
  return std::nullopt;
}

// A chunked body is read whatever becomes of the request: wrong framing is 400 and the end of the connection,
// also where the route would have been refused. A body of known size that nobody wants ends it too.
asio::awaitable<Reply> Connection::answer(const Route*& route) {
  auto refusal = early_refusal(route);
  const bool unread = refusal && !(request_->head.chunked && !request_->head.expects_continue);
  const int status = unread ? 0 : co_await read_body();
  enter(Phase::answering, std::chrono::milliseconds::max());
  if (status != 0) {
    auto reply = error_reply(status < 0 ? 400 : status);
    reply.close = true;
    co_return reply;
  }
  if (refusal) {
    if (unread && request_->head.has_body()) refusal->close = true;
    co_return std::move(*refusal);
  }
  std::optional<HashPool::Place> place;
  if (route->cost == Cost::hash) {
    place = thread_.site().hashes->try_enter();
    if (!place) {
      ++thread_.site().metrics.hashes_refused;
      co_return busy_reply();
    }
  }
  co_return co_await dispatch(*route);
}

asio::awaitable<Reply> Connection::dispatch(const Route& route) {
  std::optional<Reply> reply;
  try {
    Spot spot = thread_.spot(*config_, request_->received);
    reply = guard_on_spot(route, *request_, spot);
    if (!reply && route.handler.spot != nullptr) reply = route.handler.spot(*request_, spot);
  } catch (...) {
    reply = reply_to_failure(std::current_exception(), *request_, thread_.site());
  }
  if (reply) co_return std::move(*reply);
  was_worked_on_ = true;
  const bool was_asked = !request_->recognition;
  auto answered = co_await answer_on_worker(route);
  if (answered.not_before > std::chrono::steady_clock::now()) {
    asio::steady_timer timer(co_await asio::this_coro::executor, answered.not_before);
    co_await timer.async_wait(asio::use_awaitable);
  }
  if (was_asked && request_->recognition && request_->recognition->caller) {
    if (const auto presented = presented_token(*request_))
      thread_.recognizer().keep(presented->text, *config_, std::move(*request_->recognition));
  }
  co_return answered;
}

asio::awaitable<Reply> Connection::answer_on_worker(const Route& route) {
  IoThread::WorkerJob job = [this, &route](service::Realm* realm, const std::exception_ptr& failure) {
    Site& site = thread_.site();
    try {
      if (failure) std::rethrow_exception(failure);
      const auto common = site.workers->common();
      Work work{site, *config_, *realm, *common, *site.hashes, request_->received};
      if (auto refusal = guard(route, *request_, work)) return std::move(*refusal);
      auto reply = route.handler.work(*request_, work);
      site.has_seen(common->log().latest());  // before anybody comes back with what it made
      return reply;
    } catch (...) {
      return reply_to_failure(std::current_exception(), *request_, site);
    }
  };
  co_return co_await thread_.ask_worker(std::move(job), route.cost);
}

// What was answered on the spot leaves a count; what a worker did, and what was refused, a line as well.
void Connection::account(const Reply& reply, const Route* route) {
  auto& site = thread_.site();
  const auto lasted = std::chrono::steady_clock::now() - begun_;
  site.metrics.count_request(route, reply.status, lasted);
  if (!was_worked_on_ && (reply.status < 400 || route != nullptr)) return;
  if (!site.log.may_write_request()) return;
  log_request(site.log, *request_, reply.status, lasted);
}

// `request`: nothing where its head was refused; then nothing of it is believed.
void Connection::queue(const Reply& reply, bool keep_alive, const Request* request) {
  Framing framing{.keep_alive = keep_alive, .date = thread_.date()};
  if (request == nullptr) {
    framing.extra = cors_fields_of_nobody(*config_);
  } else {
    framing.head_only = request->method() == "HEAD";
    framing.minor = request->head.minor;
    framing.extra = cors_fields(*request, *config_, thread_.scratch());
  }
  write_reply(out_, reply, framing);
  ++answered_;
}

void Connection::forget_request() {
  request_->body.clear();
  request_->caller.reset();
  request_->recognition.reset();
  request_->by_cookie = false;
  if (!behind_.empty()) {
    in_ = std::exchange(behind_, {});
    at_ = 0;
  }
  if (at_ != in_.size()) return;  // the next request is there already
  in_.clear();
  at_ = 0;
  if (in_.capacity() > kept_while_idle) in_.shrink_to_fit();
  thread_.give_back(std::move(request_));
}

asio::awaitable<bool> Connection::flush() {
  if (out_.empty()) co_return true;
  if (phase_ != Phase::ending) enter(Phase::answering, config_->phases.write);
  const bool written = co_await stream_.write(out_);
  out_.clear();
  if (out_.capacity() > kept_while_idle) out_.shrink_to_fit();
  co_return written;
}

}  // namespace authctl::server
