#include "core/store/lockout_repository.h"

#include <algorithm>
#include <array>

namespace authctl::store {
namespace {

constexpr std::array<std::string_view, 4> kind_words{"account", "ip", "own", "unknown"};
constexpr std::size_t users_a_statement = 64;
constexpr int forgotten_at_once = 16;

std::string select_counter(std::string_view rest) {
  return "SELECT c.kind, c.subject, c.user_id, c.failed_attempts, c.last_failure_at, c.locked_until, "
         "c.last_ip, c.signed_in_at FROM lockout_counter c " +
         std::string(rest);
}

CounterRow read_counter(const Rows& rows) {
  CounterRow row;
  const auto word = std::find(kind_words.begin(), kind_words.end(), rows.text(0));
  row.kind = static_cast<CounterKind>(word - kind_words.begin());
  row.subject = rows.string(1);
  row.user_id = rows.optional_string(2);
  row.state = {rows.integer(3), rows.optional_time(4)};
  row.locked_until = rows.optional_time(5);
  row.last_ip = rows.optional_string(6);
  row.signed_in_at = rows.optional_time(7);
  return row;
}

std::vector<CounterRow> read_counters(Rows& rows) {
  std::vector<CounterRow> all;
  while (rows.next()) all.push_back(read_counter(rows));
  return all;
}

}  // namespace

std::string_view word_of(CounterKind kind) { return kind_words[static_cast<std::size_t>(kind)]; }

std::optional<CounterRow> find_counter(Database& db, CounterKind kind, std::string_view subject) {
  static const auto sql = select_counter("WHERE c.kind = $1 AND c.subject = $2");
  const auto rows = db.query(sql, {word_of(kind), subject});
  if (!rows->next()) return std::nullopt;
  return read_counter(*rows);
}

CounterRow get_counter(Database& db, CounterKind kind, std::string_view subject) {
  if (auto row = find_counter(db, kind, subject)) return std::move(*row);
  CounterRow row;
  row.kind = kind;
  row.subject = subject;
  return row;
}

void put_counter(Database& db, const CounterRow& row) {
  db.execute(
      "INSERT INTO lockout_counter (kind, subject, user_id, failed_attempts, last_failure_at, locked_until, "
      "last_ip, signed_in_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (kind, subject) DO UPDATE "
      "SET failed_attempts = excluded.failed_attempts, last_failure_at = excluded.last_failure_at, "
      "locked_until = excluded.locked_until, last_ip = excluded.last_ip, "
      "signed_in_at = excluded.signed_in_at",
      {word_of(row.kind), row.subject, row.user_id, row.state.failed_attempts, row.state.last_failure_at,
       row.locked_until, row.last_ip, row.signed_in_at});
}

void drop_counter(Database& db, CounterKind kind, std::string_view subject) {
  db.execute("DELETE FROM lockout_counter WHERE kind = $1 AND subject = $2", {word_of(kind), subject});
}

std::vector<CounterRow> own_counters(Database& db, std::string_view user_id) {
  static const auto sql =
      select_counter("WHERE c.user_id = $1 AND c.kind = 'own' ORDER BY c.signed_in_at DESC, c.subject");
  return read_counters(*db.query(sql, {user_id}));
}

std::string list_counters_sql(bool after) {
  return select_counter(std::string("WHERE c.failed_attempts > 0 AND c.kind NOT IN ('own', 'unknown') ") +
                        (after ? "AND (c.last_failure_at, c.kind, c.subject) < ($2, $3, $4) " : "") +
                        "ORDER BY c.last_failure_at DESC, c.kind DESC, c.subject DESC LIMIT $1");
}

std::vector<CounterRow> list_counters(Database& db, const std::optional<CounterRow>& after,
                                      std::int64_t limit) {
  static const auto first = list_counters_sql(false), next = list_counters_sql(true);
  if (!after) return read_counters(*db.query(first, {limit}));
  return read_counters(
      *db.query(next, {limit, after->state.last_failure_at, word_of(after->kind), after->subject}));
}

std::map<std::string, CounterRow> counters_of_users(Database& db, std::span<const std::string> ids) {
  static const std::string sql = [] {
    std::string text = "WHERE c.kind = 'account' AND c.subject IN (";
    for (std::size_t i = 0; i < users_a_statement; ++i) text += (i ? ", $" : "$") + std::to_string(i + 1);
    return select_counter(text + ")");
  }();
  std::map<std::string, CounterRow> counters;
  for (std::size_t start = 0; start < ids.size(); start += users_a_statement) {
    std::vector<Value> values;
    for (std::size_t i = 0; i < users_a_statement; ++i)
      values.push_back(start + i < ids.size() ? Value(ids[start + i]) : Value(nullptr));
    const auto rows = db.query(sql, std::span<const Value>(values));
    while (rows->next()) counters.emplace(rows->string(1), read_counter(*rows));
  }
  return counters;
}

std::string forget_addresses_sql() {
  return "DELETE FROM lockout_counter WHERE kind = 'ip' AND subject IN (SELECT subject FROM lockout_counter "
         "WHERE kind NOT IN ('account', 'own', 'unknown') AND last_failure_at < $1 "
         "ORDER BY last_failure_at LIMIT $2)";
}

void forget_addresses(Database& db, base::Timestamp not_since) {
  static const auto sql = forget_addresses_sql();
  db.execute(sql, {not_since, forgotten_at_once});
}

}  // namespace authctl::store
