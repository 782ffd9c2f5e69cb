#include "core/credential/lockout.h"

#include <algorithm>

namespace authctl::credential {
namespace {

const base::Timestamp end_of_time = base::from_unix_seconds(253402300799);

// Where the clock was set back, the last failure lies ahead: it is taken to have been now, so that nobody
// waits longer than the delay of the policy.
LockoutState settled(LockoutState state, base::Timestamp now) {
  if (state.last_failure_at && *state.last_failure_at > now) state.last_failure_at = now;
  return state;
}

}  // namespace

base::Duration delay_after(const LockoutPolicy& policy, std::int64_t failures) {
  if (failures < policy.threshold || failures <= 0) return base::Duration(0);
  base::Duration delay = std::min(policy.base, policy.max);
  for (auto n = policy.threshold; n < failures && delay < policy.max && delay.count() > 0; ++n)
    delay = delay > policy.max / 2 ? policy.max : delay * 2;
  return delay;
}

std::optional<base::Timestamp> locked_until(const LockoutPolicy& policy, const LockoutState& state,
                                            base::Timestamp now) {
  if (state.failed_attempts >= std::min(policy.most, most_failures)) return end_of_time;
  const auto last = settled(state, now).last_failure_at;
  if (!last) return std::nullopt;
  const auto until = std::min(*last + delay_after(policy, state.failed_attempts), end_of_time);
  return until > now ? std::optional(until) : std::nullopt;
}

LockoutState count_failure(const LockoutState& state, base::Timestamp now) {
  return {std::min(state.failed_attempts + 1, most_failures), now};
}

Admission begin_attempt(const LockoutPolicy& policy, const LockoutState& state, base::Timestamp now) {
  Admission admission{false, settled(state, now), locked_until(policy, state, now)};
  if (admission.locked_until) return admission;
  admission.admitted = true;
  admission.state = count_failure(state, now);
  admission.locked_until = locked_until(policy, admission.state, now);
  return admission;
}

}  // namespace authctl::credential
