// How often a source may ask: a sliding log, so that no window of that length has more than were allowed.
// Counted in the store, so that processes share it and a restart forgives nothing. Invariants: what is over
// the limit is not counted and writes nothing; of many at once no more are let through than one after
// another. Time is the clock's own: a limit ends by itself whatever the log has seen.
#pragma once
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/config.h"
#include "core/service/change.h"

namespace authctl::service {

struct RateLimit {
  std::int64_t count = 0;
  base::Duration window{0};
};
RateLimit rate_limit(const base::Settings& settings, std::string_view name);  // "limit_login"

// Who asks. What a person typed is hashed, so that a row is small and tells nothing.
std::string rate_of_address(std::string_view what, std::string_view address);  // an IPv6 one by its /64
std::string rate_of_account(std::string_view what, std::string_view typed);    // a name or e-mail, folded
std::string rate_of(std::string_view what, std::string_view id);
// Of a sign-in: its address, and the name that was typed, whether somebody has it or not. Name and e-mail of
// an account are two: with one for both, the limit of the one would be met by the other, and so tell a
// stranger that there is such an account and which names are its. (Failures count for the account,
// core/service/lockouts.h; a lock is shown to nobody.) An address that the account was signed in from before
// has a count of its own there, as it has with the lockouts, so that a stranger's guesses do not use up the
// owner's.
std::vector<std::string> rates_of_sign_in(store::Database& db, std::string_view typed,
                                          std::string_view address);

// Counts one for every source, or for none of them: then how long until it is worth asking again, at least a
// second. `reads` is the caller's own; `writes` for change() alone may be shared.
std::optional<base::Duration> take_rate(Realm& reads, Realm& writes, const RateLimit& limit,
                                        std::span<const std::string> sources);

}  // namespace authctl::service
