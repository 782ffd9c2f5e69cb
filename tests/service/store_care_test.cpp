#include "core/service/store_care.h"

#include "core/base/error.h"
#include "core/service/change.h"
#include "core/service/initialisation.h"
#include "core/store/migrations.h"
#include "tests/support/realms.h"

using namespace authctl;
using base::ErrorCode;

namespace {
// Rows of every kind: text, numbers, bytes, nulls, and rows that refer to others.
void furnish(test::TestRealm& test) {
  service::change(test.realm(), test.cause(), [](service::Change& change) {
    auto& db = change.db();
    for (int i = 0; i < 200; ++i) {
      const std::string id = "role-" + std::to_string(i);
      db.execute(
          "INSERT INTO role (id, name, description, created_at, updated_at) VALUES ($1, $2, $3, $4, $4)",
          {id, id, i % 2 == 0 ? store::Value(nullptr) : store::Value("caf\u00e9 'quoted'"), change.now()});
      if (i > 0)
        db.execute("INSERT INTO role_inheritance (role_id, parent_id) VALUES ($1, $2)", {id, "role-0"});
      change.record({"role.create", {"role", id, id}, audit::Outcome::success, {}});
    }
    db.execute("INSERT INTO store_meta (name, value) VALUES ($1, $2)", {"empty", base::Bytes{}});
  });
}
}  // namespace

TEST_CASE("a copy on any engine holds every row, and its log goes on") {
  test::TestRealm test(GENERATE(test::each_engine()));
  furnish(test);
  test::Place target(GENERATE(test::each_engine()));
  const auto report = service::copy_store(test.realm(), test.cause(), test.store().url(), target.url());
  REQUIRE(report.log);
  CHECK(report.log->verdict == audit::LogVerdict::intact);
  CHECK(report.log->entries == 201);
  auto copy = test.over(store::open_database(target.url(), store::OpenMode::existing));
  CHECK((test::dump(copy->db()) == test::dump(test.db())));
  CHECK(store::check_store(copy->db()).problems.empty());
  service::change(*copy, test.cause(), [](service::Change& change) {
    change.record({"store.test", {"store", "", ""}, audit::Outcome::success, {}});
  });
  CHECK(audit::verify_log(copy->db(),
                          {.sealer = &copy->sealer(), .public_key = {}, .checkpoint = {}, .progress = {}})
            .verdict == audit::LogVerdict::intact);
}

TEST_CASE("a copy never goes over a store that is there") {
  test::TestRealm test(GENERATE(test::each_engine())), other;
  furnish(other);
  const std::string before = test::dump(other.db());
  try {
    service::copy_store(test.realm(), test.cause(), test.store().url(), other.store().url());
    FAIL("it was overwritten");
  } catch (const base::Error& error) {
    CHECK(error.code() == ErrorCode::conflict);
  }
  CHECK((test::dump(other.db()) == before));
  CHECK(test::logged_actions(test.db()).empty());
}

TEST_CASE("a dry run of a copy makes nothing") {
  test::TestRealm test(GENERATE(test::each_engine()));
  test::Place target(GENERATE(test::each_engine()));
  const auto report = service::copy_store(test.realm(), test.dry_run(), test.store().url(), target.url());
  CHECK(report.tables.size() == store::count_rows(test.db()).size());
  CHECK_FALSE(store::store_exists(target.url()));
}

TEST_CASE("a copy that fails on the way leaves an empty target") {
  test::TestRealm test(GENERATE(test::each_engine()));
  furnish(test);
  test::Store target(GENERATE(test::each_engine()));
  const std::string empty = test::dump(target.db());
  for (const std::int64_t n : {1, 2, 10}) {
    test.failing().fail_at(n);
    CHECK_THROWS_AS(store::copy_store(test.db(), target.db()), base::Error);
    test.failing().fail_at(0);
    CHECK((test::dump(target.db()) == empty));
  }
}

TEST_CASE("a check finds rows that refer to nothing, and a history that is not ours") {
  test::TestRealm test(GENERATE(test::each_engine()));
  CHECK(store::check_store(test.db()).problems.empty());
  SECTION("history") {
    test.db().execute("UPDATE schema_migration SET checksum = $1 WHERE version = 1", {"other"});
  }
  SECTION("references") {
    if (test.db().engine() == store::Engine::postgresql) return;
    test.db().run_script("PRAGMA foreign_keys=OFF");
    test.db().execute("INSERT INTO role_inheritance (role_id, parent_id) VALUES ($1, $2)", {"gone", "gone"});
    test.db().run_script("PRAGMA foreign_keys=ON");
  }
  CHECK_FALSE(store::check_store(test.db()).problems.empty());
}

TEST_CASE("an older store is migrated by whoever opens it, in one step, and the command says what was done") {
  const auto engine = GENERATE(test::each_engine());
  test::Place place(engine);
  base::FixedClock clock(test::new_year);
  test::SeededRandom random;
  const service::OpenRequest request{place.url(), {place.folder().file("key"), ""}};
  const service::Cause cause{"os:tester", "", "", "", false};
  service::initialise({request.store_url, request.master_key, "ann"}, cause, clock, random);
  const int older = store::newest_schema() - 2;
  test::make_older(*store::open_database(place.url(), store::OpenMode::existing), older);
  const auto version = [&] {
    return store::applied_version(*store::open_database(place.url(), store::OpenMode::read_only));
  };

  auto dry = cause;
  dry.dry_run = true;
  const auto told = service::migrate_store(request, dry, clock, random);
  CHECK(version() == older);
  const auto report = service::migrate_store(request, cause, clock, random);
  CHECK(version() == store::newest_schema());
  CHECK(base::json::serialize(service::migration_json(told)) ==
        base::json::serialize(service::migration_json(report)));
  CHECK(report.from == older);
  CHECK(report.to == store::newest_schema());
  CHECK(report.applied.size() == 2);

  auto realm = service::open_realm(request, clock, random);
  CHECK(test::logged_actions(realm.db()).back() == "store.migrate");
  CHECK(store::check_store(realm.db()).problems.empty());
  CHECK(test::number(realm.db(), "SELECT count(*) FROM user_account WHERE name = 'ann'") == 1);
  CHECK(audit::verify_log(realm.db(),
                          {.sealer = &realm.sealer(), .public_key = {}, .checkpoint = {}, .progress = {}})
            .verdict == audit::LogVerdict::intact);
  CHECK(service::migrate_store(request, cause, clock, random).applied.empty());
  CHECK(test::logged_actions(realm.db()).back() == "store.migrate");
}
