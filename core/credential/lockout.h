// What happens to those who guess: a delay that doubles with each failure in a row. A pure state machine;
// time is an argument, and whoever keeps the state keeps it (one for an account, one for an address).
//
//                failure                     failure (n >= threshold)
//   clear (0) ───────────▶ counting (n) ─────────────────────────────▶ delayed until t
//      ▲                        │                                        │        │
//      │        success         │                                        │        │ attempt before t:
//      ├────────────────────────┘                                        │        │ refused, unverified,
//      │        success, admitted after t                                │        │ not counted
//      ├─────────────────────────────────────────────────────────────────┘        └──▶ (stays)
//      │        clear, by an operator
//      └───────────────────────────────────── barred (n = 100: no further attempt, SP 800-63B-4
//      section 3.2.2)
//
// Invariant: an attempt is counted as a failure when it is admitted, before anything is verified, and the
// count is taken back by success; so of many attempts at once no more are verified than of as many in a row.
#pragma once
#include <cstdint>
#include <optional>

#include "core/base/clock.h"

namespace authctl::credential {

inline constexpr std::int64_t most_failures = 100;  // in a row, whatever the policy

struct LockoutPolicy {
  std::int64_t threshold = 3;  // failures before the first delay
  base::Duration base = std::chrono::seconds(1);
  base::Duration max = std::chrono::minutes(15);
  std::int64_t most = most_failures;  // failures in a row; never more than that
};

struct LockoutState {
  std::int64_t failed_attempts = 0;
  std::optional<base::Timestamp> last_failure_at;
  bool operator==(const LockoutState&) const = default;
};

// After the n-th failure: 0 below the threshold, then min(base * 2^(n - threshold), max).
base::Duration delay_after(const LockoutPolicy& policy, std::int64_t failures);

// Until when attempts are refused; nothing where one would be admitted at `now`. A barred one gives the end
// of time as RFC 3339 has it, year 9999.
std::optional<base::Timestamp> locked_until(const LockoutPolicy& policy, const LockoutState& state,
                                            base::Timestamp now);

struct Admission {
  bool admitted = false;
  LockoutState state;  // to be kept, also where it is refused: a clock that was set back is noticed here
  std::optional<base::Timestamp> locked_until;  // what a refusal, or this attempt's failure, leads to
};
// To be decided and kept in one transaction, before the password is looked at.
Admission begin_attempt(const LockoutPolicy& policy, const LockoutState& state, base::Timestamp now);
// One more failure in a row. Also for a counter that refused nothing because another one judges.
LockoutState count_failure(const LockoutState& state, base::Timestamp now);
inline LockoutState after_success() { return {}; }

}  // namespace authctl::credential
