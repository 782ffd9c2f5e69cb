#include "core/service/commit_queue.h"

#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <random>
#include <set>
#include <thread>

#include "core/audit/verification.h"
#include "core/base/error.h"
#include "tests/support/dying.h"
#include "tests/support/realms.h"

using namespace authctl;

namespace {

void write_setting(service::Realm& realm, const service::Cause& cause, const std::string& name) {
  service::change(realm, cause, [&](service::Change& change) {
    change.db().execute("INSERT INTO store_meta (name, value) VALUES ($1, $2)", {name, base::bytes_of("x")});
    change.record({.action = "setting.create", .target = {"setting", name, name}});
  });
}

std::set<std::string> first_column(store::Database& db, std::string_view sql) {
  std::set<std::string> values;
  const auto rows = db.query(sql);
  while (rows->next()) values.insert(rows->string(0));
  return values;
}
std::set<std::string> settings(store::Database& db) {
  return first_column(db, "SELECT name FROM store_meta WHERE name LIKE 'test-%'");
}
std::set<std::string> entries(store::Database& db) {
  return first_column(db, "SELECT target_name FROM audit_entry WHERE action = 'setting.create'");
}

void check_intact(service::Realm& realm) {
  audit::VerifyRequest request;
  request.sealer = &realm.sealer();
  const auto found = audit::verify_log(realm.db(), request);
  INFO(found.problem.value_or(""));
  CHECK(found.verdict == audit::LogVerdict::intact);
  realm.db().begin_read();  // a server may still be at the last word of a client that is dead
  CHECK(settings(realm.db()) == entries(realm.db()));
  realm.db().rollback();
}

int wait_for(pid_t child) {
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  return status;
}

// What the child acknowledged, line by line, until it is gone.
std::set<std::string> read_lines(int fd) {
  std::string text;
  char chunk[4096];
  for (ssize_t got; (got = ::read(fd, chunk, sizeof chunk)) > 0;)
    text.append(chunk, static_cast<std::size_t>(got));
  std::set<std::string> lines;
  for (std::size_t at = 0, end; (end = text.find('\n', at)) != std::string::npos; at = end + 1) {
    lines.insert(text.substr(at, end - at));
  }
  return lines;
}

[[noreturn]] void write_until_killed(test::TestRealm& test, int cycle, int fd) {
  const auto realm = test.another();
  const auto cause = test.cause();
  std::vector<std::thread> threads;
  for (int caller = 0; caller < 8; ++caller) {
    threads.emplace_back([&, caller] {
      for (int i = 0; i < 100000; ++i) {
        const std::string name =
            "test-" + std::to_string(cycle) + "-" + std::to_string(caller) + "-" + std::to_string(i);
        write_setting(*realm, cause, name);
        const std::string line = name + "\n";
        if (::write(fd, line.data(), line.size()) < 0) ::_exit(1);
      }
    });
  }
  for (auto& thread : threads) thread.join();
  ::_exit(0);
}

}  // namespace

TEST_CASE("where a common commit fails nobody is told that it succeeded") {
  test::TestRealm test(GENERATE(test::each_engine()));
  constexpr int callers = 16;
  bool failed = true;
  for (int n = 1; failed; ++n) {
    REQUIRE(n < 2000);
    failed = false;
    std::mutex mutex;
    std::set<std::string> told;
    std::vector<std::thread> threads;
    test.failing().fail_at(n);
    for (int caller = 0; caller < callers; ++caller) {
      threads.emplace_back([&, caller] {
        const std::string name = "test-" + std::to_string(n) + "-" + std::to_string(caller);
        try {
          write_setting(test.realm(), test.cause(), name);
          const std::lock_guard lock(mutex);
          told.insert(name);
        } catch (const base::Error&) {
          const std::lock_guard lock(mutex);
          failed = true;
        }
      });
    }
    for (auto& thread : threads) thread.join();
    test.failing().fail_at(0);
    std::set<std::string> kept;
    for (const auto& name : settings(test.db())) {
      if (name.starts_with("test-" + std::to_string(n) + "-")) kept.insert(name);
    }
    REQUIRE(kept == told);
  }
  check_intact(test.realm());
}

TEST_CASE(
    "callers that come while another change is at work share its commit, and neither its fate nor its dry "
    "run") {
  test::TestRealm test(GENERATE(test::each_engine()));
  auto& realm = test.realm();
  const bool second_fails = GENERATE(false, true), first_is_dry = GENERATE(false, true);
  realm.commits().set_joining(std::chrono::seconds(60));
  bool shared = false;
  int round = 0;
  // It is queued within a moment; where that was too short it leads itself, and the next is twice as long.
  for (; round < 12 && !shared && (round == 0 || !first_is_dry); ++round) {
    const auto name = "test-" + std::to_string(round);
    auto cause = test.cause();
    cause.dry_run = first_is_dry;
    std::thread second;
    std::optional<base::ErrorCode> failure;
    service::change(realm, cause, [&](service::Change& change) {
      change.db().execute("INSERT INTO store_meta (name, value) VALUES ($1, $2)",
                          {name, base::bytes_of("x")});
      change.record({.action = "setting.create", .target = {"setting", name, name}});
      const auto leader = std::this_thread::get_id();
      second = std::thread([&, leader] {
        try {
          service::change(realm, test.cause(), [&](service::Change& c) {
            shared = std::this_thread::get_id() == leader;
            c.db().execute("INSERT INTO store_meta (name, value) VALUES ($1, $2)",
                           {name + "-b", base::bytes_of("x")});
            c.record({.action = "setting.create", .target = {"setting", name + "-b", name + "-b"}});
            if (second_fails) throw base::Error(base::ErrorCode::conflict, "it fails alone");
          });
        } catch (const base::Error& error) {
          failure = error.code();
        }
      });
      std::this_thread::sleep_for(std::chrono::milliseconds(1 << round));
    });
    second.join();
    CHECK(failure.has_value() == second_fails);
    CHECK(settings(test.db()).contains(name) == !first_is_dry);
    CHECK(settings(test.db()).contains(name + "-b") == !second_fails);
  }
  CHECK(shared == !first_is_dry);
  check_intact(realm);
}

TEST_CASE("killed at any instant, the store opens, the log verifies and what was acknowledged is there") {
  test::TestRealm test(GENERATE(test::each_engine()));
  std::mt19937 random(4);
  std::set<std::string> told;
  const int cycles = test.db().engine() == store::Engine::sqlite ? 25 : 10;
  for (int cycle = 0; cycle < cycles; ++cycle) {
    int ends[2];
    REQUIRE(::pipe(ends) == 0);
    const pid_t child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) write_until_killed(test, cycle, ends[1]);
    ::close(ends[1]);
    pollfd ready{ends[0], POLLIN, 0};
    REQUIRE(::poll(&ready, 1, 20000) == 1);  // it has begun
    ::usleep(static_cast<useconds_t>(random() % 20000));
    ::kill(child, SIGKILL);
    const int status = wait_for(child);
    CHECK(WIFSIGNALED(status));
    told.merge(read_lines(ends[0]));
    ::close(ends[0]);
    const auto realm = test.another();
    const auto kept = settings(realm->db());
    CHECK(std::ranges::includes(kept, told));
    check_intact(*realm);
  }
  CHECK(told.size() >= static_cast<std::size_t>(cycles));
}

TEST_CASE("killed before, in and after the commit, a change is whole or was never there") {
  test::TestRealm test(GENERATE(test::each_engine()));
  int absent = 0, present = 0;
  bool ran_through = false;
  for (int at = 1; !ran_through; ++at) {
    REQUIRE(at < 100);
    for (const auto when : {test::Dies::before, test::Dies::after}) {
      const std::string name =
          "test-" + std::to_string(at) + (when == test::Dies::after ? "-after" : "-before");
      ran_through = test::survives([&] {
        const auto realm = test.over(std::make_unique<test::DyingDatabase>(test.store().connect(), at, when));
        write_setting(*realm, test.cause(), name);
      });
      const auto realm = test.another();
      (settings(realm->db()).contains(name) ? present : absent) += ran_through ? 0 : 1;
      check_intact(*realm);
    }
  }
  CHECK(absent > 5);    // before the commit
  CHECK(present == 1);  // right after it
}
