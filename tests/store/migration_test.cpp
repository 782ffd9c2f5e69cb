// A store that an older program made: brought up to date by whoever opens it, whole or not at all.
#include "core/store/migrations.h"

#include "core/base/error.h"
#include "core/store/store_check.h"
#include "tests/support/dying.h"
#include "tests/support/stores.h"

using namespace authctl;
using base::ErrorCode;

namespace {

// Something that was there before, in the tables of the first schema.
void furnish(store::Database& db) {
  db.execute("INSERT INTO role (id, name, description, created_at, updated_at) VALUES ($1, $1, $2, $3, $3)",
             {"viewer", "caf\u00e9", 1700000000000});
  db.execute("INSERT INTO role_grant (role_id, permission, created_at) VALUES ($1, $2, $3)",
             {"viewer", "read:posts", 1700000000000});
  db.execute("INSERT INTO store_meta (name, value) VALUES ($1, $2)", {"bytes", base::Bytes{0, 255, 0}});
}

bool is_furnished(store::Database& db) {
  return test::number(
             db, "SELECT COUNT(*) FROM role r JOIN role_grant g ON g.role_id = r.id WHERE r.description = $1",
             {"caf\u00e9"}) == 1 &&
         test::number(db, "SELECT COUNT(*) FROM store_meta WHERE value = $1", {base::Bytes{0, 255, 0}}) == 1;
}

std::unique_ptr<store::Database> opened(const test::Place& place,
                                        store::OpenMode mode = store::OpenMode::existing) {
  return store::open_database(place.url(), mode);
}

// A furnished store of that version, closed.
void make_store(const test::Place& place, int version) {
  const auto db = opened(place, store::OpenMode::create);
  furnish(*db);
  test::make_older(*db, version);
}

}  // namespace

TEST_CASE("an older store of any version is brought up to date by whoever opens it, with all that is in it") {
  const auto engine = GENERATE(test::each_engine());
  for (int version = 1; version < store::newest_schema(); ++version) {
    INFO("from schema " << version);
    const test::Place place(engine);
    make_store(place, version);
    // Whoever only looks leaves it as it is.
    CHECK(store::applied_version(*opened(place, store::OpenMode::read_only)) == version);
    const auto db = opened(place);
    CHECK(store::applied_version(*db) == store::newest_schema());
    CHECK(is_furnished(*db));
    CHECK(store::check_store(*db).problems.empty());
    CHECK(store::applied_version(*opened(place)) == store::newest_schema());
  }
}

TEST_CASE("killed at any call, a migration was never there or is whole") {
  const test::Place place(GENERATE(test::each_engine()));
  bool before = false, after = false, ended = false;
  make_store(place, 3);
  for (int at = 1; !ended; ++at) {
    REQUIRE(at < 200);
    for (const auto when : {test::Dies::before, test::Dies::after}) {
      INFO("killed at call " << at << (when == test::Dies::after ? ", done" : ""));
      ended = test::survives([&] {
        test::DyingDatabase db(opened(place, store::OpenMode::read_only), at, when);
        if (db.engine() == store::Engine::sqlite) db.run_script("PRAGMA query_only=OFF");
        store::migrate(db);
      });
      const int now = store::applied_version(*opened(place, store::OpenMode::read_only));
      REQUIRE((now == 3 || now == store::newest_schema()));
      if (!ended) (now == 3 ? before : after) = true;
      const auto db = opened(place);
      REQUIRE(store::applied_version(*db) == store::newest_schema());
      REQUIRE(is_furnished(*db));
      REQUIRE(store::check_store(*db).problems.empty());
      test::make_older(*db, 3);
    }
  }
  CHECK(before);
  CHECK(after);
}

TEST_CASE("many that open an older store at once all get the newest") {
  const test::Place place(GENERATE(test::each_engine()));
  make_store(place, 2);
  std::vector<pid_t> children;
  for (int i = 0; i < 8; ++i) {
    const pid_t child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {
      int version = 0;
      try {
        version = store::applied_version(*opened(place));
      } catch (...) {
        ::_exit(99);
      }
      ::_exit(version);
    }
    children.push_back(child);
  }
  for (const pid_t child : children) {
    int status = -1;
    REQUIRE(::waitpid(child, &status, 0) == child);
    CHECK(WEXITSTATUS(status) == store::newest_schema());
  }
  CHECK(is_furnished(*opened(place)));
}

TEST_CASE("a history with a gap, another text or a number that is none is not ours") {
  const auto engine = GENERATE(test::each_engine());
  for (const char* harm : {"DELETE FROM schema_migration WHERE version = 4",
                           "UPDATE schema_migration SET checksum = 'x' WHERE version = 2",
                           "UPDATE schema_migration SET version = 0 WHERE version = 1",
                           "UPDATE schema_migration SET version = -5 WHERE version = 1"}) {
    INFO(harm);
    test::Store store(engine);
    store.db().run_script(harm);
    try {
      store::applied_version(store.db());
      FAIL("it was believed");
    } catch (const base::Error& error) {
      CHECK(error.code() == ErrorCode::unavailable);
    }
  }
}
