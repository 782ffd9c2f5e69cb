#include "core/store/rate_repository.h"

namespace authctl::store {
namespace {
constexpr std::size_t width = 8;  // milliseconds since 1970, the highest byte first
}

std::vector<base::Timestamp> rate_events(Database& db, std::string_view source) {
  const auto row = db.query("SELECT events FROM rate_limit WHERE source = $1", {source});
  std::vector<base::Timestamp> events;
  if (!row->next()) return events;
  const auto bytes = row->bytes(0);
  for (std::size_t at = 0; at + width <= bytes.size(); at += width) {
    std::uint64_t millis = 0;
    for (std::size_t i = 0; i < width; ++i) millis = millis << 8 | bytes[at + i];
    events.push_back(base::from_unix_millis(static_cast<std::int64_t>(millis)));
  }
  return events;
}

void put_rate_events(Database& db, std::string_view source, const std::vector<base::Timestamp>& events,
                     base::Timestamp expires_at) {
  base::Bytes bytes;
  for (const auto event : events) {
    const auto millis = static_cast<std::uint64_t>(base::to_unix_millis(event));
    for (std::size_t i = width; i-- > 0;) bytes.push_back(static_cast<std::uint8_t>(millis >> (8 * i)));
  }
  db.execute(
      "INSERT INTO rate_limit (source, events, expires_at) VALUES ($1, $2, $3) ON CONFLICT (source) DO "
      "UPDATE "
      "SET events = excluded.events, expires_at = excluded.expires_at",
      {source, base::ByteView(bytes), expires_at});
}

void prune_rates(Database& db, base::Timestamp now, std::int64_t limit) {
  db.execute(
      "DELETE FROM rate_limit WHERE source IN (SELECT source FROM rate_limit WHERE expires_at < $1 ORDER BY "
      "expires_at LIMIT $2)",
      {now, limit});
}

}  // namespace authctl::store
