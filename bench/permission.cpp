// A permission check, as `authctl permission check` makes it, against a store of 1,000 roles and 1,000,000
// grants with 1,000 and with 100,000 users: the least, p50 and p99 of each, processor time (of the user and
// in all) for one, and the ratio to one bare indexed SELECT in the same run. What else the machine does shows
// in p99 first and in the least last.
//
//   bench_permission [ROUNDS]
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <functional>
#include <random>
#include <string>
#include <vector>

#include "core/service/access.h"
#include "core/store/database.h"

namespace {

using namespace authctl;
using Clock = std::chrono::steady_clock;

constexpr int roles = 1000, grants_a_role = 1000, roles_a_user = 3;
const auto now = base::from_unix_seconds(1767225600);

std::string role_id(int i) { return "role-" + std::to_string(i); }
std::string user_id(int i) { return "019b7000-0000-7000-8000-" + std::to_string(100000000000 + i); }
std::string user_name(int i) { return "user" + std::to_string(i); }
std::string permission(int role, int grant) {
  return "verb" + std::to_string(grant % 20) + ":kind" + std::to_string(role) + "-" +
         std::to_string(grant / 20);
}

// Every role inherits from the one at a tenth of its number: a user with three roles reaches about ten.
void fill(store::Database& db, int users) {
  store::Transaction transaction(db);
  for (int i = 0; i < roles; ++i) {
    db.execute("INSERT INTO role (id, name, created_at, updated_at) VALUES ($1, $2, $3, $3)",
               {role_id(i), "role" + std::to_string(i), now});
    if (i > 0) db.execute("INSERT INTO role_inheritance VALUES ($1, $2)", {role_id(i), role_id(i / 10)});
    for (int grant = 0; grant < grants_a_role; ++grant)
      db.execute("INSERT INTO role_grant (role_id, permission, resource, created_at) VALUES ($1, $2, '', $3)",
                 {role_id(i), permission(i, grant), now});
  }
  for (int i = 0; i < users; ++i) {
    db.execute(
        "INSERT INTO user_account (id, name, status, created_at, updated_at) VALUES ($1, $2, 'active', $3, "
        "$3)",
        {user_id(i), user_name(i), now});
    db.execute("INSERT INTO user_identifier (value, user_id, kind) VALUES ($1, $2, 'name')",
               {user_name(i), user_id(i)});
    for (int n = 0; n < roles_a_user; ++n)
      db.execute(
          "INSERT INTO role_assignment (user_id, role_id, resource, created_at) VALUES ($1, $2, '', $3)",
          {user_id(i), role_id((i * 7 + n * 331) % roles), now});
  }
  transaction.commit();
}

struct Spread {
  double least, p50, p99;
  double user, all;  // processor time for one
};

struct Processor {
  double user = 0, all = 0;  // microseconds
};

Processor processor_time() {
  rusage used{};
  ::getrusage(RUSAGE_SELF, &used);
  const auto micros = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) * 1e6 + static_cast<double>(time.tv_usec);
  };
  return {micros(used.ru_utime), micros(used.ru_utime) + micros(used.ru_stime)};
}

Spread measure(int rounds, const std::function<void(int)>& one) {
  std::vector<double> micros;
  const auto before = processor_time();
  for (int i = 0; i < rounds; ++i) {
    const auto start = Clock::now();
    one(i);
    micros.push_back(std::chrono::duration<double, std::micro>(Clock::now() - start).count());
  }
  const auto after = processor_time();
  std::ranges::sort(micros);
  return {micros.front(), micros[micros.size() / 2], micros[micros.size() * 99 / 100],
          (after.user - before.user) / rounds, (after.all - before.all) / rounds};
}

struct Figures {
  Spread select, allowed, denied, unknown;
};

Figures run(store::Database& db, int users, int rounds) {
  std::mt19937 random(1);
  std::uniform_int_distribution<int> any_user(0, users - 1), any_grant(0, grants_a_role - 1);
  const auto select = [&](int) {
    const auto role = any_user(random) % roles;
    const auto rows =
        db.query("SELECT created_at FROM role_grant WHERE role_id = $1 AND permission = $2 AND resource = ''",
                 {role_id(role), permission(role, any_grant(random))});
    if (!rows->next()) std::abort();
  };
  enum Kind { allowed, denied, unknown };  // unknown: nobody is granted it
  const auto check = [&](Kind kind) {
    const auto user = any_user(random);
    // A role with a high number, which hardly any user with another reaches.
    const int role = user * 7 % roles;
    const auto wanted = kind == allowed  ? permission(role, any_grant(random))
                        : kind == denied ? permission(999 - role % 500, any_grant(random))
                                         : "erase:kind" + std::to_string(user);
    const auto access = service::check_permission(db, {user_name(user), wanted, ""}, now);
    if (kind != denied && access.decision.allowed != (kind == allowed)) std::abort();
  };
  measure(rounds / 4, select);  // warm
  measure(rounds / 4, [&](int i) { check(static_cast<Kind>(i % 3)); });
  Figures figures{measure(rounds, select), measure(rounds, [&](int) { check(allowed); }),
                  measure(rounds, [&](int) { check(denied); }),
                  measure(rounds, [&](int) { check(unknown); })};
  return figures;
}

void print(const char* what, const Spread& spread, const Spread& bare) {
  std::printf(
      "  %-20s least %6.1f us   p50 %6.1f us   p99 %7.1f us   cpu %6.1f us (user %6.1f)   %4.1f x a bare "
      "SELECT\n",
      what, spread.least, spread.p50, spread.p99, spread.all, spread.user, spread.p50 / bare.p50);
}

}  // namespace

int main(int argc, char** argv) {
  const int rounds = argc > 1 ? std::atoi(argv[1]) : 20000;
  double before = 0;
  for (const int users : {1000, 100000}) {
    const auto folder =
        std::filesystem::temp_directory_path() / ("authctl-bench-permission-" + std::to_string(users));
    std::filesystem::remove_all(folder);
    std::filesystem::create_directory(folder);
    std::filesystem::permissions(folder, std::filesystem::perms::owner_all);
    {
      const auto db =
          store::open_database("sqlite:" + (folder / "authctl.db").string(), store::OpenMode::create);
      fill(*db, users);
      const auto figures = run(*db, users, rounds);
      std::printf("%d users, %d roles, %d grants\n", users, roles, roles * grants_a_role);
      print("bare indexed SELECT", figures.select, figures.select);
      print("check, allowed", figures.allowed, figures.select);
      print("check, denied", figures.denied, figures.select);
      print("check, never granted", figures.unknown, figures.select);
      if (before > 0)
        std::printf("  100 times the users cost %.2f times the time\n", figures.allowed.p50 / before);
      before = figures.allowed.p50;
    }
    std::filesystem::remove_all(folder);
  }
}
