// Counters of failures in a row, and the addresses that accounts have signed in from, as rows.
// Invariant: there is one row for each kind and subject; a row goes with its user.
#pragma once
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/credential/lockout.h"
#include "core/store/database.h"

namespace authctl::store {

enum class CounterKind { account, ip, own, unknown };
std::string_view word_of(CounterKind kind);

struct CounterRow {
  CounterKind kind = CounterKind::account;
  std::string subject;  // see schema_factors.sql.h
  std::optional<std::string> user_id;
  credential::LockoutState state;
  std::optional<base::Timestamp> locked_until;
  std::optional<std::string> last_ip;
  std::optional<base::Timestamp> signed_in_at;  // `own`: the last time
};

// A row with nothing counted, that is not kept, where there is none.
CounterRow get_counter(Database& db, CounterKind kind, std::string_view subject);
std::optional<CounterRow> find_counter(Database& db, CounterKind kind, std::string_view subject);
void put_counter(Database& db, const CounterRow& row);
void drop_counter(Database& db, CounterKind kind, std::string_view subject);
// The addresses a user has signed in from, the latest first.
std::vector<CounterRow> own_counters(Database& db, std::string_view user_id);

// Accounts and addresses with failures, the latest first; those that come after `after`, where it is given.
std::vector<CounterRow> list_counters(Database& db, const std::optional<CounterRow>& after,
                                      std::int64_t limit);
// What these ask the store; for the test that reads their plans.
std::string list_counters_sql(bool after);
std::string forget_addresses_sql();
// Of these users' accounts, where there is any; one statement for up to 64 of them.
std::map<std::string, CounterRow> counters_of_users(Database& db, std::span<const std::string> ids);
// Drops addresses that have not failed since: a few at a time.
void forget_addresses(Database& db, base::Timestamp not_since);

}  // namespace authctl::store
