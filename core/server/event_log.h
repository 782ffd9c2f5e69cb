// Log lines: one JSON object a line on standard error, for journald and whoever collects it.
// Invariant: no secret is ever in a line; e-mails and addresses are redacted, a jti shows its first 8
// characters. Lines of several threads never mix.
#pragma once
#include <mutex>
#include <ostream>
#include <string_view>

#include "core/base/clock.h"
#include "core/base/json.h"

namespace authctl::server {

enum class Level { info, warning, error };

class EventLog {
 public:
  EventLog(std::ostream& out, const base::Clock& clock) : out_(out), clock_(clock) {}
  // {"time":…,"level":…,"event":…, members…}
  void write(Level level, std::string_view event, base::json::object members = {});
  void info(std::string_view event, base::json::object members = {}) {
    write(Level::info, event, std::move(members));
  }

 private:
  std::mutex mutex_;
  std::ostream& out_;
  const base::Clock& clock_;
};

}  // namespace authctl::server
