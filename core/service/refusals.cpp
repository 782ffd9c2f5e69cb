#include "core/service/refusals.h"

#include "core/base/ip_address.h"
#include "core/store/refusal_tally.h"

namespace authctl::service {
namespace {

constexpr int summed_up_in_one_change = 256;
constexpr int most_changes = 8;  // in a row: whoever else writes gets their turn

std::int64_t minute_of(base::Timestamp time) { return base::to_unix_seconds(time) / 60; }

void sum_up(Change& change, std::int64_t before_minute) {
  for (const auto& tally : store::take_refusal_tallies(change.db(), before_minute, summed_up_in_one_change)) {
    const auto more = tally.refused - refusals_at_once;
    if (more <= 0) continue;
    audit::Event event{
        tally.action,
        {"address", tally.source, ""},
        audit::Outcome::denied,
        {{"count", more}, {"minute", base::to_rfc3339(base::from_unix_seconds(tally.minute * 60))}}};
    event.ip = tally.source;
    change.record(std::move(event));
  }
}

void sum_up_before(Realm& realm, std::int64_t minute) {
  const Cause strangers{"anonymous", "", "", "", false};
  for (int i = 0; i < most_changes && store::has_refusal_tallies(realm.db(), minute); ++i)
    change(realm, strangers, [&](Change& c) { sum_up(c, minute); });
}

}  // namespace

bool record_refusal(Change& change, audit::Event event) {
  const auto source = base::network_of(change.cause().ip);
  if (source) {
    const auto count = store::count_refusal(change.db(), minute_of(change.now()), *source, event.action);
    if (count > refusals_at_once) return false;
  }
  change.record(std::move(event));
  return true;
}

void sum_up_refusals(Realm& realm) { sum_up_before(realm, minute_of(realm.now())); }

void sum_up_all_refusals(Realm& realm) { sum_up_before(realm, minute_of(realm.now()) + 1); }

}  // namespace authctl::service
