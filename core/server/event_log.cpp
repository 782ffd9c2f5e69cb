#include "core/server/event_log.h"

namespace authctl::server {
namespace {
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

void EventLog::write(Level level, std::string_view event, base::json::object members) {
  base::json::object line{
      {"time", base::to_rfc3339(clock_.now())}, {"level", word_of(level)}, {"event", event}};
  for (auto& member : members) line[member.key()] = std::move(member.value());
  const auto text = base::json::serialize(line) + "\n";
  const std::lock_guard lock(mutex_);
  out_ << text << std::flush;
}

}  // namespace authctl::server
