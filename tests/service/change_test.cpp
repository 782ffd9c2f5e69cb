#include "core/service/change.h"

#include <atomic>
#include <thread>

#include "core/audit/log.h"
#include "core/audit/verification.h"
#include "core/base/error.h"
#include "core/service/commit_queue.h"
#include "tests/support/realms.h"

using namespace authctl;
using base::Error;
using base::ErrorCode;

namespace {

void write_setting(service::Change& change, const std::string& name) {
  change.db().execute("INSERT INTO store_meta (name, value) VALUES ($1, $2)", {name, base::bytes_of("x")});
  change.record({.action = "setting.create", .target = {"setting", name, name}});
}

std::int64_t settings(store::Database& db) {
  return test::number(db, "SELECT count(*) FROM store_meta WHERE name LIKE 'test-%'");
}
std::int64_t entries(store::Database& db) { return test::number(db, "SELECT count(*) FROM audit_entry"); }

// The tree over the stored leaves is the one that the head is signed over.
void check_head(store::Database& db) {
  audit::Frontier frontier;
  const auto rows = db.query("SELECT leaf FROM audit_entry ORDER BY seq");
  while (rows->next()) {
    audit::Hash leaf;
    std::copy_n(rows->blob(0).begin(), leaf.size(), leaf.begin());
    frontier.append(leaf);
  }
  const auto head = audit::read_head(db);
  CHECK(head.frontier.size() == frontier.size());
  CHECK(head.frontier.root() == frontier.root());
  const auto note = audit::parse_note(head.note);
  REQUIRE(note);
  CHECK(note->checkpoint.size == frontier.size());
  CHECK(note->checkpoint.root == frontier.root());
  CHECK(audit::verify_note(*note, *audit::read_verifier_key(db)));
}

}  // namespace

TEST_CASE("a change and its entries are there together") {
  test::TestRealm test(GENERATE(test::each_engine()));
  auto cause = test.cause();
  cause.reason = "because";
  cause.sudo_user = "ann";
  const int answer = service::change(test.realm(), cause, [](service::Change& change) {
    write_setting(change, "test-1");
    change.record({.action = "setting.note", .detail = {{"b", 1}, {"a", "x"}}});
    return 42;
  });
  CHECK(answer == 42);
  CHECK(settings(test.db()) == 1);
  const auto rows =
      test.db().query("SELECT seq, actor, action, target_kind, reason, detail FROM audit_entry ORDER BY seq");
  REQUIRE(rows->next());
  CHECK(rows->integer(0) == 1);
  CHECK(rows->text(1) == "os:tester");
  CHECK(rows->text(4) == "because");
  CHECK(rows->text(5) == R"({"sudo_user":"ann"})");
  REQUIRE(rows->next());
  CHECK(rows->integer(0) == 2);
  CHECK(rows->is_null(3));
  CHECK(rows->text(5) == R"({"a":"x","b":1,"sudo_user":"ann"})");
  CHECK_FALSE(rows->next());
  check_head(test.db());
}

TEST_CASE("what the work throws undoes it and its entries, and is thrown on") {
  test::TestRealm test(GENERATE(test::each_engine()));
  CHECK_THROWS_AS(service::change(test.realm(), test.cause(),
                                  [](service::Change& change) {
                                    write_setting(change, "test-1");
                                    throw Error(ErrorCode::conflict, "no");
                                  }),
                  Error);
  CHECK(settings(test.db()) == 0);
  CHECK(entries(test.db()) == 0);
  service::change(test.realm(), test.cause(),
                  [](service::Change& change) { write_setting(change, "test-2"); });
  check_head(test.db());
}

TEST_CASE("a dry run does everything and leaves nothing") {
  test::TestRealm test(GENERATE(test::each_engine()));
  auto cause = test.cause();
  cause.dry_run = true;
  bool ran = false;
  service::change(test.realm(), cause, [&](service::Change& change) {
    write_setting(change, "test-1");
    ran = settings(change.db()) == 1;
  });
  CHECK(ran);
  CHECK(settings(test.db()) == 0);
  CHECK(entries(test.db()) == 0);
  check_head(test.db());
}

TEST_CASE("where the log cannot be written the change does not happen") {
  test::TestRealm test;
  const std::string broken = GENERATE("DELETE FROM audit_head", "UPDATE audit_head SET size = 3",
                                      "DELETE FROM store_meta WHERE name = 'audit_key'",
                                      "UPDATE store_meta SET value = zeroblob(72) WHERE name = 'audit_key'");
  test.db().run_script(broken);
  const auto before = settings(test.db());
  CHECK_THROWS_AS(service::change(test.realm(), test.cause(),
                                  [](service::Change& change) { write_setting(change, "test-1"); }),
                  Error);
  CHECK(settings(test.db()) == before);
  CHECK(entries(test.db()) == 0);
}

TEST_CASE("another process's entries are taken up before the next is written") {
  test::TestRealm test(GENERATE(test::each_engine()));
  const auto other = test.another();
  for (int i = 0; i < 5; ++i) {
    auto& realm = i % 2 == 0 ? test.realm() : *other;
    service::change(realm, test.cause(),
                    [&](service::Change& change) { write_setting(change, "test-" + std::to_string(i)); });
  }
  CHECK(entries(test.db()) == 5);
  check_head(test.db());
}

TEST_CASE("entries that several processes append at once are one chain") {
  test::TestRealm test(GENERATE(test::each_engine()));
  constexpr int processes = 4, rounds = 25;
  std::vector<std::unique_ptr<service::Realm>> realms;
  for (int i = 0; i < processes; ++i) realms.push_back(test.another());
  std::atomic<int> refused = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < processes; ++i) {
    threads.emplace_back([&, i] {
      for (int round = 0; round < rounds; ++round) {
        const std::string name = "test-" + std::to_string(i) + "-" + std::to_string(round);
        try {
          service::change(*realms[static_cast<std::size_t>(i)], test.cause(),
                          [&](service::Change& change) { write_setting(change, name); });
        } catch (const Error&) {
          ++refused;
        }
      }
    });
  }
  for (auto& thread : threads) thread.join();
  CHECK(refused == 0);
  CHECK(settings(test.db()) == processes * rounds);
  CHECK(entries(test.db()) == processes * rounds);
  CHECK(test::number(test.db(), "SELECT max(seq) FROM audit_entry") == processes * rounds);
  check_head(test.db());
  CHECK(audit::verify_log(
            test.db(), {.sealer = &test.realm().sealer(), .public_key = {}, .checkpoint = {}, .progress = {}})
            .verdict == audit::LogVerdict::intact);
}

TEST_CASE("text that is none is escaped, long names are cut, and a long reason is refused") {
  test::TestRealm test(GENERATE(test::each_engine()));
  const std::string hostile("a\xff\0\r\n\"}", 7);
  service::change(test.realm(), test.cause(), [&](service::Change& change) {
    change.record({.action = "auth.login", .target = {"user", "", hostile}, .detail = {{"name", hostile}}});
    change.record({.action = "auth.login", .target = {"user", "", std::string(5000, 'x')}});
  });
  const auto rows = test.db().query("SELECT target_name, detail FROM audit_entry ORDER BY seq");
  REQUIRE(rows->next());
  CHECK(rows->text(0) == "a\\xff\\x00\r\n\"}");
  CHECK(rows->text(1) == R"({"name":"a\\xff\\x00\r\n\"}"})");
  REQUIRE(rows->next());
  CHECK(rows->text(0) == std::string(256, 'x') + "\u2026");
  auto cause = test.cause();
  cause.reason = std::string(1025, 'r');
  CHECK_THROWS_AS(
      service::change(test.realm(), cause, [](service::Change& change) { change.record({.action = "a.b"}); }),
      Error);
}

TEST_CASE("a change inside a change is refused and does not hang") {
  test::TestRealm test;
  CHECK_THROWS_AS(service::change(test.realm(), test.cause(),
                                  [&](service::Change&) {
                                    service::change(test.realm(), test.cause(), [](service::Change&) {});
                                  }),
                  Error);
}

TEST_CASE("64 callers at once are each answered with their own outcome") {
  test::TestRealm test(GENERATE(test::each_engine()));
  const bool grouping = GENERATE(true, false);
  test.realm().commits().set_grouping(grouping);
  constexpr int callers = 64, rounds = 8;
  std::atomic<int> refused = 0, wrong = 0;
  std::vector<std::thread> threads;
  for (int caller = 0; caller < callers; ++caller) {
    threads.emplace_back([&, caller] {
      for (int round = 0; round < rounds; ++round) {
        auto cause = test.cause();
        cause.dry_run = caller % 16 == 1;
        const bool fails = caller % 8 == 0;
        const std::string name = "test-" + std::to_string(caller) + "-" + std::to_string(round);
        try {
          const auto result = service::change(test.realm(), cause, [&](service::Change& change) {
            write_setting(change, name);
            if (fails) throw Error(ErrorCode::precondition, name);
            return name;
          });
          if (fails || result != name) ++wrong;
        } catch (const Error& error) {
          if (!fails || error.message() != name) ++wrong;
          ++refused;
        }
      }
    });
  }
  for (auto& thread : threads) thread.join();
  CHECK(wrong == 0);
  CHECK(refused == callers / 8 * rounds);
  const int kept = callers - callers / 8 - callers / 16;
  CHECK(settings(test.db()) == kept * rounds);
  CHECK(entries(test.db()) == kept * rounds);
  check_head(test.db());
}
