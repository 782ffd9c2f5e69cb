#include "core/service/lockouts.h"

#include <algorithm>

#include "core/base/ip_address.h"
#include "core/base/text.h"
#include "core/crypto/digest.h"
#include "core/service/refusals.h"

namespace authctl::service {
namespace {

using credential::LockoutPolicy;
using store::CounterKind;
using store::CounterRow;

constexpr std::size_t most_own = 8;              // addresses that an account is known from
constexpr std::uint32_t unknown_buckets = 4096;  // for all the names that nobody has
constexpr std::string_view bucket_purpose = "lockout: unknown names";

struct Counter {
  CounterRow row;
  LockoutPolicy policy;  // what its failures lead to
  bool judges = true;    // it refuses; the others are only counted in
};

// A hundred failures are all that an account takes in a row, wherever they come from.
std::optional<base::Timestamp> refused_until(const Counter& counter, base::Timestamp now) {
  const auto& [row, policy, judges] = counter;
  const bool is_full =
      row.kind == CounterKind::account && row.state.failed_attempts >= credential::most_failures;
  return judges || is_full ? credential::locked_until(policy, row.state, now) : std::nullopt;
}

std::string own_subject(const std::string& user_id, const std::string& network) {
  return user_id + ' ' + network;
}

// An address is never barred for good and forgotten after a day: many people may share it, one after another.
CounterRow address_counter(Change& change, const std::string& network) {
  auto row = store::get_counter(change.db(), CounterKind::ip, network);
  if (row.state.last_failure_at && *row.state.last_failure_at + address_memory < change.by_clock())
    row = {CounterKind::ip, network, {}, {}, {}, {}, {}};
  row.state.failed_attempts = std::min(row.state.failed_attempts, credential::most_failures - 2);
  return row;
}

std::vector<Counter> account_counters(Change& change, const LockoutPolicy& policy,
                                      const AttemptSource& source,
                                      const std::optional<std::string>& network) {
  std::vector<Counter> counters;
  bool known = false;
  const auto own = store::own_counters(change.db(), source.user_id);
  for (const auto& row : own) {
    const bool here = network && row.subject == own_subject(source.user_id, *network);
    if (here || !network) counters.push_back({row, policy, here});
    known = known || here;
  }
  auto account = store::get_counter(change.db(), CounterKind::account, source.user_id);
  account.user_id = source.user_id;
  counters.push_back({std::move(account), policy_of_account(policy, !own.empty()), !known});
  if (network) counters.push_back({address_counter(change, *network), policy, !known});
  return counters;
}

std::vector<Counter> counters_for(Change& change, const LockoutPolicy& policy, const AttemptSource& source) {
  const auto network = base::network_of(source.address);
  if (!source.user_id.empty()) return account_counters(change, policy, source, network);
  std::vector<Counter> counters{{store::get_counter(change.db(), CounterKind::unknown,
                                                    unknown_bucket(change.realm(), source.identifier)),
                                 policy}};
  if (network) counters.push_back({address_counter(change, *network), policy});
  return counters;
}

void keep(store::Database& db, const CounterRow& row) {
  if (row.state.failed_attempts == 0 && row.kind != CounterKind::own)
    store::drop_counter(db, row.kind, row.subject);
  else
    store::put_counter(db, row);
}

void refuse(Change& change, const std::vector<Counter>& counters, TakenAttempt& taken) {
  taken.admitted = false;
  for (const auto& counter : counters) {
    if (!refused_until(counter, change.by_clock())) continue;
    const auto& row = counter.row;
    const auto admission = credential::begin_attempt(counter.policy, row.state, change.by_clock());
    taken.locked_until = std::max(taken.locked_until, admission.locked_until);
    // Also where nothing is new (it is where the clock was set back): one that is refused waits for the disk
    // as one that is admitted does, and so takes the same time.
    auto settled = row;
    settled.state = admission.state;
    settled.locked_until = admission.locked_until;
    store::put_counter(change.db(), settled);
  }
}

audit::Target target_of(const CounterRow& row, const AttemptSource& source) {
  if (row.kind == CounterKind::ip) return {"address", row.subject, ""};
  return {"user", source.user_id, source.user_name};
}

// Gives whether it is a new one beside others. The one that was not used for longest makes room.
bool remember_address(Change& change, const std::string& user_id, const std::string& network) {
  const auto known = store::own_counters(change.db(), user_id);
  CounterRow row{CounterKind::own, own_subject(user_id, network), user_id, {}, {}, {}, change.by_clock()};
  const bool is_known =
      std::ranges::any_of(known, [&](const CounterRow& own) { return own.subject == row.subject; });
  store::put_counter(change.db(), row);
  if (is_known) return false;
  for (std::size_t i = most_own - 1; i < known.size(); ++i)
    store::drop_counter(change.db(), CounterKind::own, known[i].subject);
  return !known.empty();
}

// An `own` counter never leads to more than its account's does, which has an entry.
bool has_entries(const CounterRow& row) { return row.kind != CounterKind::own; }

// What an account failed itself, as far as its success takes it back from its address's counter: at home what
// it failed there, elsewhere what it failed anywhere (each of those stands in some address's counter, so none
// is bought). Nothing: the account was never signed in before.
std::optional<std::int64_t> own_failures(const std::vector<CounterRow>& own, const TakenAttempt& taken) {
  if (own.empty()) return std::nullopt;
  for (const auto kind : {CounterKind::own, CounterKind::account}) {
    const auto row = std::ranges::find(taken.before, kind, &CounterRow::kind);
    if (row != taken.before.end()) return row->state.failed_attempts;
  }
  return 0;
}

// Nothing is taken back of what was guessed at others from there: with an account of one's own one would buy
// guesses at theirs without end. Gives whether none is left.
bool take_back(store::Database& db, const CounterRow& before, std::int64_t failures) {
  auto row = store::find_counter(db, before.kind, before.subject);
  if (!row) return true;
  if (row->state.failed_attempts == before.state.failed_attempts + 1) row->state = before.state, --failures;
  row->state.failed_attempts = std::max<std::int64_t>(row->state.failed_attempts - failures, 0);
  keep(db, *row);
  return row->state.failed_attempts == 0;
}

}  // namespace

LockoutPolicy policy_of_account(LockoutPolicy policy, bool is_known_from_somewhere) {
  if (is_known_from_somewhere) policy.most = std::min(policy.most, most_of_strangers);
  return policy;
}

std::string lockout_subject(const std::string& user_id, const std::string& user_name) {
  return base::network_of(user_name) ? user_id : user_name;
}

bool is_own_address(store::Database& db, const std::string& user_id, std::string_view address) {
  const auto network = base::network_of(address);
  return network && store::find_counter(db, CounterKind::own, own_subject(user_id, *network));
}

TakenAttempt take_attempt(Change& change, const LockoutPolicy& policy, const AttemptSource& source) {
  const auto counters = counters_for(change, policy, source);
  TakenAttempt taken{true, std::nullopt, {}, {}};
  for (const auto& counter : counters)
    if (refused_until(counter, change.by_clock())) taken.admitted = false;
  if (!taken.admitted) {
    refuse(change, counters, taken);
    return taken;
  }
  for (const auto& [row, row_policy, judges] : counters) {
    taken.before.push_back(row);
    auto& after = taken.after.emplace_back(row);
    after.state = credential::count_failure(row.state, change.by_clock());
    after.locked_until = credential::locked_until(row_policy, after.state, change.by_clock());
    after.last_ip = source.address.empty() ? row.last_ip : std::optional(source.address);
    if (judges) taken.locked_until = std::max(taken.locked_until, after.locked_until);
    store::put_counter(change.db(), after);
  }
  store::forget_addresses(change.db(), change.by_clock() - address_memory);
  return taken;
}

void record_locks(Change& change, const AttemptSource& source, const TakenAttempt& taken,
                  std::string_view cause) {
  for (const auto& row : taken.after) {
    if (!row.locked_until || !has_entries(row)) continue;
    record_refusal(change, {"auth.lockout",
                            target_of(row, source),
                            audit::Outcome::denied,
                            {{"state", "locked"},
                             {"cause", cause},
                             {"counter", store::word_of(row.kind)},
                             {"failed_attempts", row.state.failed_attempts},
                             {"until", base::to_rfc3339(*row.locked_until)}}});
  }
}

void give_back_attempt(Change& change, const TakenAttempt& taken) {
  for (std::size_t i = 0; i < taken.after.size(); ++i) {
    const auto& after = taken.after[i];
    auto row = store::find_counter(change.db(), after.kind, after.subject);
    if (!row) continue;  // cleared meanwhile
    if (row->state == after.state) {
      keep(change.db(), taken.before[i]);
    } else {
      row->state.failed_attempts = std::max<std::int64_t>(row->state.failed_attempts - 1, 0);
      keep(change.db(), *row);
    }
  }
}

bool settle_success(Change& change, const AttemptSource& source, const TakenAttempt& taken) {
  const auto network = base::network_of(source.address);
  const auto failures = own_failures(store::own_counters(change.db(), source.user_id), taken);
  for (const auto& row : taken.before) {
    if (!has_entries(row)) continue;
    if (failures && row.kind == CounterKind::ip) {
      if (!take_back(change.db(), row, *failures + 1)) continue;
    } else {
      store::drop_counter(change.db(), row.kind, row.subject);
    }
    if (!row.locked_until) continue;
    change.record({"auth.lockout",
                   target_of(row, source),
                   audit::Outcome::success,
                   {{"state", "unlocked"},
                    {"cause", "success"},
                    {"counter", store::word_of(row.kind)},
                    {"failed_attempts", row.state.failed_attempts}}});
  }
  clear_own(change, source.user_id);
  if (!network) return false;
  return remember_address(change, source.user_id, *network);
}

// Keyed, so that nobody can choose which names share a counter.
std::string unknown_bucket(Realm& realm, std::string_view identifier) {
  const auto key = realm.sealer().derive(bucket_purpose);
  const auto mac = crypto::short_mac(key.reveal(), base::bytes_of(base::fold_ascii(identifier)));
  return std::to_string((mac[0] | std::uint32_t{mac[1]} << 8) % unknown_buckets);
}

bool clear_own(Change& change, const std::string& user_id) {
  bool counted = false;
  for (auto& own : store::own_counters(change.db(), user_id)) {
    if (own.state.failed_attempts == 0) continue;
    own.state = credential::after_success();
    own.locked_until.reset();
    store::put_counter(change.db(), own);
    counted = true;
  }
  return counted;
}

}  // namespace authctl::service
