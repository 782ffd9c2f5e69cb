#include "core/audit/query.h"

#include "core/audit/log.h"
#include "core/base/text.h"
#include "core/service/change.h"
#include "tests/support/realms.h"

using namespace authctl;

namespace {

struct Row {
  std::int64_t seq;
  std::int64_t minute;
  std::string actor, action, id, name, outcome, ip;
};

// What the log holds, beside it as plain values: the answers are computed from these by hand.
std::vector<Row> fill(test::TestRealm& test, int count) {
  std::vector<Row> rows;
  const char* actions[] = {"user.create", "user.delete", "role.grant", "auth.login"};
  for (int i = 0; i < count; ++i) {
    // The clock goes back once.
    const std::int64_t minute = i < count / 2 ? i : i - 5;
    test.clock().set(test::new_year + std::chrono::minutes(minute));
    Row row{i + 1,
            minute,
            i % 3 == 0 ? "os:ann" : "user:bob",
            actions[i % 4],
            i % 7 == 0 ? "" : "id-" + std::to_string(i % 5),
            i % 7 == 0 ? "id-1" : "name-" + std::to_string(i % 5),
            i % 6 == 0    ? "denied"
            : i % 10 == 1 ? "failure"
                          : "success",
            i % 2 == 0 ? "" : "192.0.2." + std::to_string(i % 3)};
    auto cause = test.cause();
    cause.actor = row.actor;
    cause.ip = row.ip;
    service::change(test.realm(), cause, [&](service::Change& change) {
      change.record({.action = row.action,
                     .target = {"user", row.id, row.name},
                     .outcome = *audit::parse_outcome(row.outcome)});
    });
    rows.push_back(row);
  }
  return rows;
}

// Forgets the first `count`, as `audit prune` does, without an entry of its own.
std::vector<Row> prune_first(test::TestRealm& test, const std::vector<Row>& rows, std::size_t count) {
  store::Transaction transaction(test.db());
  auto& log = test.realm().log();
  log.start(test.db(), test.realm().sealer());
  log.prune(test.db(), test::new_year + std::chrono::minutes(rows[count].minute), test.clock().now());
  transaction.commit();
  return {rows.begin() + static_cast<std::ptrdiff_t>(count), rows.end()};
}

std::vector<std::int64_t> found(store::Database& db, const audit::Filter& filter, std::int64_t limit = 1000) {
  std::vector<std::int64_t> seqs;
  const auto stream = audit::query_entries(db, filter, limit);
  while (const auto* entry = stream->next()) seqs.push_back(entry->seq);
  return seqs;
}

bool fits(const Row& row, const audit::Filter& filter) {
  const auto time = test::new_year + std::chrono::minutes(row.minute);
  return (!filter.since || time >= *filter.since) && (!filter.until || time < *filter.until) &&
         (filter.actor.empty() || row.actor == filter.actor || row.actor == "os:" + filter.actor) &&
         (filter.action.empty() || base::glob_matches(filter.action, row.action)) &&
         (filter.target.empty() || row.id == filter.target || row.name == filter.target) &&
         (filter.outcome.empty() || row.outcome == filter.outcome) &&
         (filter.ip.empty() || row.ip == filter.ip) && (!filter.up_to || row.seq <= *filter.up_to);
}

}  // namespace

TEST_CASE("every combination of filters gives the entries that fit, newest first, each once") {
  test::TestRealm test(GENERATE(test::each_engine()));
  // Two full blocks, one cut by a prune in the middle, and entries that no block holds yet.
  auto rows = fill(test, 150);
  if (GENERATE(false, true)) rows = prune_first(test, rows, 20);
  int answered = 0;
  for (const char* actor : {"", "os:ann", "ann", "user:bob"}) {
    for (const char* action : {"", "user.*", "*.delete", "auth.login", "x*"}) {
      for (const char* target : {"", "id-1", "name-2"}) {
        for (const char* outcome : {"", "success", "denied", "failure"}) {
          for (const char* ip : {"", "192.0.2.1"}) {
            for (int bounds = 0; bounds < 4; ++bounds) {
              audit::Filter filter;
              filter.actor = actor, filter.action = action, filter.target = target;
              filter.outcome = outcome, filter.ip = ip;
              if ((bounds & 1) != 0) filter.since = test::new_year + std::chrono::minutes(10);
              if ((bounds & 2) != 0) filter.until = test::new_year + std::chrono::minutes(40);
              std::vector<Row> expected;
              for (const auto& row : rows) {
                if (fits(row, filter)) expected.push_back(row);
              }
              std::reverse(expected.begin(), expected.end());
              std::vector<std::int64_t> seqs;
              for (const auto& row : expected) seqs.push_back(row.seq);
              INFO(actor << '|' << action << '|' << target << '|' << outcome << '|' << ip << '|' << bounds);
              REQUIRE(found(test.db(), filter) == seqs);
              if (seqs.size() > 3) {
                seqs.resize(3);
                REQUIRE(found(test.db(), filter, 3) == seqs);
              }
              answered += seqs.empty() ? 0 : 1;
            }
          }
        }
      }
    }
  }
  CHECK(answered > 400);
}

TEST_CASE("entries after one, the newest, and the first since a time") {
  test::TestRealm test(GENERATE(test::each_engine()));
  CHECK(audit::newest_seq(test.db()) == 0);
  CHECK_FALSE(audit::first_since(test.db(), test::new_year));
  fill(test, 10);
  CHECK(audit::newest_seq(test.db()) == 10);
  CHECK(audit::first_since(test.db(), test::new_year + std::chrono::minutes(2)) == 3);
  CHECK_FALSE(audit::first_since(test.db(), test::new_year + std::chrono::hours(2)));
  std::vector<std::int64_t> seqs;
  const auto stream = audit::entries_after(test.db(), 7, 2);
  while (const auto* entry = stream->next()) seqs.push_back(entry->seq);
  CHECK(seqs == std::vector<std::int64_t>{8, 9});
}

TEST_CASE("counts by action, outcome and hour add up") {
  test::TestRealm test(GENERATE(test::each_engine()));
  CHECK(audit::count_entries(test.db()).entries == 0);
  CHECK_FALSE(audit::count_entries(test.db()).first);
  fill(test, 130);
  const auto counted = audit::count_entries(test.db());
  CHECK(counted.entries == 130);
  CHECK(counted.first == test::new_year);
  std::int64_t actions = 0, outcomes = 0, hours = 0;
  for (const auto& [name, count] : counted.by_action) actions += count;
  for (const auto& [name, count] : counted.by_outcome) outcomes += count;
  for (const auto& [hour, count] : counted.by_hour) hours += count;
  CHECK(actions == 130);
  CHECK(outcomes == 130);
  CHECK(hours == 130);
  CHECK(counted.by_action.size() == 4);
  CHECK(counted.by_hour.size() == 3);
  CHECK(audit::logged_actions(test.db()).size() == 4);
}

TEST_CASE("no query reads the whole log or sorts it") {
  test::TestRealm test;
  const std::string from = "SELECT " + std::string(audit::entry_columns) + " FROM audit_entry WHERE ";
  for (const char* rest :
       {"seq >= $1 AND seq <= $2 ORDER BY seq DESC", "seq IN ($1, $2, $3) ORDER BY seq DESC",
        "seq > $1 ORDER BY seq LIMIT $2", "seq >= $1 AND time >= $2 ORDER BY seq LIMIT 1"}) {
    test::check_no_scan(test.db(), from + rest);
  }
  test::check_no_scan(
      test.db(),
      "SELECT block, entries FROM audit_index WHERE facet = $1 AND value = $2 AND block <= $3 "
      "ORDER BY block DESC LIMIT $4");
  test::check_no_scan(test.db(),
                      "SELECT block FROM audit_block WHERE block <= $1 AND max_time >= $2 AND min_time < $3 "
                      "ORDER BY block DESC LIMIT $4");
  test::check_no_scan(test.db(),
                      "SELECT value FROM audit_index WHERE facet = $1 AND value > $2 ORDER BY value LIMIT 1");
}
