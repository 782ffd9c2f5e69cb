#include "core/server/event_log.h"

#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>

#include "core/base/thread.h"

namespace authctl::server {
namespace {

constexpr std::size_t most_waiting = 4096;
constexpr unsigned requests_a_second = 500;
constexpr std::chrono::seconds patience_at_end{1};

std::string_view word_of(Level level) {
  switch (level) {
    case Level::info:
      return "info";
    case Level::warning:
      return "warning";
    case Level::error:
      return "error";
  }
  return "error";
}

}  // namespace

struct EventLog::Queue {
  std::mutex mutex;
  std::condition_variable arrived;
  std::deque<std::string> lines;
  std::uint64_t dropped = 0;
  std::optional<std::chrono::steady_clock::time_point> closed;  // when
};

EventLog::EventLog(int descriptor, const base::Clock& clock)
    : descriptor_(descriptor),
      clock_(clock),
      queue_(std::make_unique<Queue>()),
      writer_(base::start_thread([this] { drain(); })) {}

EventLog::~EventLog() {
  {
    const std::lock_guard lock(queue_->mutex);
    queue_->closed = std::chrono::steady_clock::now();
  }
  queue_->arrived.notify_all();
  writer_.join();
}

// What poll() says can be written of a pipe is taken without waiting, up to PIPE_BUF bytes (poll(2),
// pipe(7)). False: it was closed, and nobody reads.
bool EventLog::write_out(std::string_view text) {
  while (!text.empty()) {
    pollfd ready{descriptor_, POLLOUT, 0};
    if (::poll(&ready, 1, 100) > 0) {
      const auto written = ::write(descriptor_, text.data(), std::min<std::size_t>(text.size(), PIPE_BUF));
      if (written < 0 && errno != EINTR && errno != EAGAIN) return true;  // a log that is gone stops nothing
      if (written > 0) text.remove_prefix(static_cast<std::size_t>(written));
      continue;
    }
    const std::lock_guard lock(queue_->mutex);
    if (queue_->closed && std::chrono::steady_clock::now() - *queue_->closed > patience_at_end) return false;
  }
  return true;
}

void EventLog::drain() {
  std::unique_lock lock(queue_->mutex);
  while (true) {
    queue_->arrived.wait(lock, [&] { return queue_->closed || !queue_->lines.empty(); });
    if (queue_->lines.empty()) return;
    const auto lines = std::exchange(queue_->lines, {});
    lock.unlock();
    for (const auto& line : lines)
      if (!write_out(line)) return;
    lock.lock();
  }
}

bool EventLog::may_write_request() {
  const auto now = base::to_unix_seconds(clock_.now());
  if (second_.exchange(now, std::memory_order_relaxed) != now) in_second_ = 0;
  if (in_second_.fetch_add(1, std::memory_order_relaxed) < requests_a_second) return true;
  left_out_.fetch_add(1, std::memory_order_relaxed);
  return false;
}

void EventLog::write(Level level, std::string_view event, base::json::object members) {
  base::json::object line{
      {"time", base::to_rfc3339(clock_.now())}, {"level", word_of(level)}, {"event", event}};
  for (auto& member : members) line[member.key()] = std::move(member.value());
  if (const auto count = left_out_.exchange(0, std::memory_order_relaxed); count > 0)
    line["left_out"] = count;
  const std::lock_guard lock(queue_->mutex);
  if (queue_->lines.size() >= most_waiting) {
    ++queue_->dropped;
    return;
  }
  if (queue_->dropped > 0) line["dropped"] = std::exchange(queue_->dropped, 0);
  queue_->lines.push_back(base::json::serialize(line) + "\n");
  queue_->arrived.notify_one();
}

}  // namespace authctl::server
