// The counters of those who guess, kept in the store: they survive a restart and are shared by all processes.
// What an attempt does to one counter is core/credential/lockout.h; which counters there are, is here:
//
//   from                          counts in                      is refused by
//   an address that is new        account (or unknown), ip       account (or unknown), ip
//   one signed in from before     account, ip, own               own
//   the terminal                  account, every own             account
//
// An account that is known from somewhere refuses strangers and the terminal for good from the 50th failure
// in a row on, and everybody from the 100th on: so no more than that are ever taken, and the last ones at
// home. The account's counter is the sum of all, and a stranger's guesses do not shut the owner out at home.
// Invariants: a counter is taken before anything is verified; names that nobody has share a bounded table.
#pragma once
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "core/credential/lockout.h"
#include "core/service/change.h"
#include "core/store/lockout_repository.h"

namespace authctl::service {

inline constexpr std::chrono::hours address_memory{24};  // after its last failure
inline constexpr std::int64_t most_of_strangers = credential::most_failures / 2;

// Whom the attempt is against and where it comes from.
struct AttemptSource {
  std::string user_id;     // empty: nobody has this name
  std::string user_name;   // of the account
  std::string identifier;  // folded; for a name that nobody has
  std::string address;     // as in Cause; empty: the terminal
};

struct TakenAttempt {
  bool admitted = false;
  std::optional<base::Timestamp> locked_until;  // what refuses it, or what its failure leads to
  std::vector<store::CounterRow> before, after;
};

TakenAttempt take_attempt(Change& change, const credential::LockoutPolicy& policy,
                          const AttemptSource& source);
// It failed: an entry for each lock that this leads to. `cause`: "wrong_password", …
void record_locks(Change& change, const AttemptSource& source, const TakenAttempt& taken,
                  std::string_view cause);
// It was right, and more is to come (a second factor): as if it had not been.
void give_back_attempt(Change& change, const TakenAttempt& taken);
// It was right: the counters begin anew, with an entry where one of them had led to a lock; but of the
// address's only what the account failed itself is taken back, unless it was never signed in before. The
// address is one of the account's from now on. Gives whether it is a new one beside others.
bool settle_success(Change& change, const AttemptSource& source, const TakenAttempt& taken);

// What an account's counter leads to for whoever is not at home.
credential::LockoutPolicy policy_of_account(credential::LockoutPolicy policy, bool is_known_from_somewhere);

// Whether this account has signed in from there before.
bool is_own_address(store::Database& db, const std::string& user_id, std::string_view address);

struct LockoutView {
  std::string subject;  // see lockout_subject; the address, the /64
  std::string kind;     // "account", "ip"
  std::int64_t failed_attempts = 0;
  base::Duration delay{0};
  std::optional<base::Timestamp> locked_until, last_failure_at;
  std::optional<std::string> last_ip;
  std::string namesake;    // id of the user whose name this address is; empty: nobody's
  bool of_nobody = false;  // nobody has this name; others that nobody has may share its counter
};
// What names an account's counter: the user's name; where that is an address, too, the user's id.
std::string lockout_subject(const std::string& user_id, const std::string& user_name);

using NextLockout = std::function<std::optional<LockoutView>()>;
struct LockoutQuery {
  std::optional<std::int64_t> limit;
  std::string after;  // a subject of the page before; empty: from the latest on
};
// Counters that are not at zero, the latest failure first; a page of the store at a time. Error not_found
// where nothing is counted against `after`.
NextLockout list_lockouts(Realm& realm, const credential::LockoutPolicy& policy, const LockoutQuery& query);
// `subject`: an address, a user by any of its names, or a name that nobody has and that was guessed at. Error
// not_found where it is none of these.
LockoutView show_lockout(Realm& realm, const credential::LockoutPolicy& policy, const std::string& subject);

struct LockoutOutcome {
  LockoutView lockout;   // as it is afterwards
  bool cleared = false;  // false: nothing was counted
};
// Of an account: every counter it has; the addresses it is known from stay known.
LockoutOutcome clear_lockout(Realm& realm, const Cause& cause, const credential::LockoutPolicy& policy,
                             const std::string& subject);
// The counter that a name which nobody has falls under, with others: 0 to 4095, by a keyed hash.
std::string unknown_bucket(Realm& realm, std::string_view identifier);
// Sets an account's counters of known addresses to zero; false where they are.
bool clear_own(Change& change, const std::string& user_id);

}  // namespace authctl::service
