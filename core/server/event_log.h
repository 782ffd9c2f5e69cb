// Log lines: one JSON object a line on standard error, for journald and whoever collects it.
// Invariant: no secret is ever in a line; e-mails and addresses are redacted, a jti shows its first 8
// characters. Lines of several threads never mix, and nobody who has something to say waits for whoever reads
// it: where lines are not taken away fast enough, or one kind comes in a flood, they are counted instead.
#pragma once
#include <array>
#include <atomic>
#include <chrono>
#include <memory>
#include <string_view>
#include <thread>

#include "core/base/clock.h"
#include "core/base/json.h"

namespace authctl::server {

enum class Level { info, warning, error };

class EventLog {
 public:
  EventLog(int descriptor, const base::Clock& clock);
  EventLog(const EventLog&) = delete;
  EventLog& operator=(const EventLog&) = delete;
  ~EventLog();  // what is left is written, if somebody takes it

  // {"time":…,"level":…,"event":…, members…}
  void write(Level level, std::string_view event, base::json::object members = {});
  void info(std::string_view event, base::json::object members = {}) {
    write(Level::info, event, std::move(members));
  }
  // Whether a line for a request that a stranger caused may still be written in this second; counts it.
  bool may_write_request();

 private:
  struct Queue;
  void drain();
  bool write_out(std::string_view text);

  int descriptor_;
  const base::Clock& clock_;
  std::unique_ptr<Queue> queue_;
  std::atomic<std::int64_t> second_{0};
  std::atomic<unsigned> in_second_{0};
  std::atomic<std::uint64_t> left_out_{0};  // requests without a line since the last that has one
  std::thread writer_;
};

}  // namespace authctl::server
