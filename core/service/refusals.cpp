#include "core/service/refusals.h"

#include "core/base/ip_address.h"
#include "core/store/refusal_tally.h"

namespace authctl::service {
namespace {

constexpr int minutes_summed_up_at_once = 16;

std::int64_t minute_of(base::Timestamp time) { return base::to_unix_seconds(time) / 60; }

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

void sum_up_refusals(Change& change) {
  const auto over =
      store::take_refusal_tallies(change.db(), minute_of(change.now()), minutes_summed_up_at_once);
  for (const auto& tally : over) {
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

}  // namespace authctl::service
