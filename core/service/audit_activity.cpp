#include "core/service/audit_activity.h"

#include <algorithm>

#include "core/audit/query.h"
#include "core/audit/redaction.h"

namespace authctl::service {
namespace {

using std::chrono::hours;

base::Timestamp newest_time(store::Database& db, base::Timestamp now) {
  const auto newest = audit::entries_after(db, audit::newest_seq(db) - 1, 1);
  const auto* entry = newest->next();
  return entry == nullptr ? now : base::from_unix_millis(entry->time);
}

}  // namespace

AuditActivity audit_activity(Realm& realm, base::Timestamp now) {
  auto& db = realm.db();
  AuditActivity activity;
  activity.begin = std::chrono::floor<hours>(newest_time(db, now)) - hours(hours_shown - 1);
  const auto first = audit::first_since(db, activity.begin);
  std::map<std::string, std::array<std::int64_t, hours_shown>> kinds;
  std::map<std::string, std::int64_t> addresses;
  for (std::int64_t seq = first.value_or(1) - 1; first;) {
    constexpr std::int64_t at_once = 10000;
    const auto stream = audit::entries_after(db, seq, at_once);
    std::int64_t read = 0;
    while (const auto* entry = stream->next()) {
      ++read;
      seq = entry->seq;
      const auto hour =
          std::chrono::floor<hours>(base::from_unix_millis(entry->time) - activity.begin).count();
      if (hour < 0 || hour >= static_cast<std::int64_t>(hours_shown)) continue;  // a clock that was set back
      ++kinds[std::string(entry->action.substr(0, entry->action.find('.')))][static_cast<std::size_t>(hour)];
      ++activity.entries;
      if (entry->outcome == "success") continue;
      ++activity.refused;
      if (entry->ip) ++addresses[audit::redact_text(*entry->ip)];
    }
    if (read < at_once) break;
  }
  const auto total = [](const auto& kind) {
    std::int64_t sum = 0;
    for (const auto count : kind.second) sum += count;
    return sum;
  };
  activity.kinds.assign(kinds.begin(), kinds.end());
  std::ranges::stable_sort(activity.kinds, [&](const auto& a, const auto& b) { return total(a) > total(b); });
  activity.refused_by_address.assign(addresses.begin(), addresses.end());
  std::ranges::stable_sort(activity.refused_by_address,
                           [](const auto& a, const auto& b) { return a.second > b.second; });
  return activity;
}

}  // namespace authctl::service
