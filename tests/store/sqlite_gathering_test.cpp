// Frames that are gathered: what a commit has said is in the log's file, for everybody and for a restart
// after a kill, and of a commit that failed nothing comes back.
#include "core/store/sqlite_gathering.h"

#include <signal.h>
#include <sys/resource.h>

#include <filesystem>
#include <fstream>
#include <random>

#include "core/base/error.h"
#include "core/store/sqlite_connection.h"
#include "tests/support/stores.h"

using namespace authctl;

namespace {

constexpr std::string_view everything =
    "SELECT group_concat(id || ':' || k || hex(v), ',') FROM t ORDER BY id";

std::unique_ptr<store::SqliteConnection> make_store(const std::string& path) {
  auto db = std::make_unique<store::SqliteConnection>(path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE);
  db->configure();
  db->run_script(
      "PRAGMA journal_mode=WAL; CREATE TABLE t (id INTEGER PRIMARY KEY, k TEXT NOT NULL, v BLOB NOT NULL); "
      "CREATE INDEX t_k ON t (k)");
  return db;
}

// One store, as two connections have it.
struct Shared {
  test::Folder folder;
  std::string path = folder.file("t.db");
  std::unique_ptr<store::SqliteConnection> db = make_store(path), other;
  Shared() : other(std::make_unique<store::SqliteConnection>(path, SQLITE_OPEN_READWRITE)) {
    other->configure();
  }
};

// Through the system's own files, as another program does it.
std::string seen_plainly(const std::string& path) {
  sqlite3* db = nullptr;
  REQUIRE(sqlite3_open_v2(path.c_str(), &db, SQLITE_OPEN_READWRITE, nullptr) == SQLITE_OK);
  sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
  std::string found;
  for (const auto* sql : {"PRAGMA integrity_check", everything.data()}) {
    sqlite3_stmt* statement = nullptr;
    REQUIRE(sqlite3_prepare_v2(db, sql, -1, &statement, nullptr) == SQLITE_OK);
    REQUIRE(sqlite3_step(statement) == SQLITE_ROW);
    const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement, 0));
    found += (text ? std::string(text) : "") + "\n";
    sqlite3_finalize(statement);
  }
  sqlite3_close(db);
  return found;
}

// What a restart finds after a kill at this moment: the two files, and no index of the log.
std::string seen_after_a_kill(const std::string& path) {
  const test::Folder elsewhere;
  const auto copy = elsewhere.file("copy.db");
  std::filesystem::copy_file(path, copy);
  std::filesystem::copy_file(path + "-wal", copy + "-wal");
  return seen_plainly(copy);
}

std::string seen_by(store::Database& db) {
  const auto rows = db.query(everything);
  rows->next();
  return "ok\n" + rows->string(0) + "\n";
}

void insert_rows(store::Database& db, int count) {
  db.execute(
      "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < $1) "
      "INSERT INTO t (k, v) SELECT hex(randomblob(8)), randomblob(900) FROM n",
      {std::int64_t{count}});
}

// False where the transaction has outgrown the cache.
bool undo(store::Database& db) {
  try {
    db.rollback_to("s");
  } catch (const base::Error& error) {
    CHECK(error.code() == base::ErrorCode::unavailable);
    return false;
  }
  return true;
}

// Writes of this process to any file.
long writes_so_far() {
  std::ifstream file("/proc/self/io");
  for (std::string name, value; file >> name >> value;) {
    if (name == "syscw:") return std::stol(value);
  }
  return 0;
}

}  // namespace

TEST_CASE("a commit of many pages is a few writes, and at once for everybody") {
  const test::Folder folder;
  const auto path = folder.file("t.db");
  const auto db = make_store(path);
  db->begin();
  insert_rows(*db, 400);  // some 150 pages
  const auto before = writes_so_far();
  db->commit();
  const auto writes = writes_so_far() - before;
  CHECK((writes > 2 && writes < 40));
  CHECK(seen_plainly(path) == seen_by(*db));
  CHECK(seen_after_a_kill(path) == seen_by(*db));
}

// Small caches write pages before the commit, and again with it: SQLite then corrects the checksums of frames
// that are in the log already.
TEST_CASE("whatever a transaction does, what it committed is there after a kill, and nothing else") {
  const Shared both;
  const auto& path = both.path;
  const auto &db = both.db, &other = both.other;
  db->run_script("PRAGMA cache_size=12");
  std::mt19937 random(20260707);
  const auto up_to = [&](int most) { return std::uniform_int_distribution<int>(0, most)(random); };
  auto expected = seen_by(*db);
  int refused = 0;
  for (int round = 0; round < 150; ++round) {
    INFO("round " << round);
    auto& writer = up_to(4) == 0 ? *other : *db;
    writer.run_script(up_to(2) == 0 ? "PRAGMA synchronous=NORMAL" : "PRAGMA synchronous=FULL");
    writer.begin();
    bool outgrown = false;
    for (int step = up_to(6); step >= 0; --step) {
      writer.savepoint("s");
      if (up_to(1) == 0)
        insert_rows(writer, up_to(30));
      else
        writer.execute("UPDATE t SET v = randomblob(900), k = hex(randomblob(8)) WHERE id % 7 = $1",
                       {std::int64_t{up_to(6)}});
      if (up_to(5) == 0) writer.execute("DELETE FROM t WHERE id % 5 = $1", {std::int64_t{up_to(4)}});
      if (up_to(3) == 0 && !undo(writer)) {
        outgrown = true;
        break;
      }
      writer.release("s");
    }
    refused += outgrown ? 1 : 0;
    if (outgrown || up_to(3) == 0) {
      writer.rollback();
    } else {
      expected = seen_by(writer);
      writer.commit();
    }
    REQUIRE(seen_after_a_kill(path) == expected);
    REQUIRE(seen_by(*db) == expected);
    REQUIRE(seen_by(*other) == expected);
    if (up_to(20) == 0) db->query("PRAGMA wal_checkpoint(RESTART)");
  }
  CHECK(seen_plainly(path) == expected);
  CHECK((refused > 2 && refused < 100));
}

// Undone in part, SQLite 3.40 makes a log of this that a restart believes up to the savepoint only.
TEST_CASE(
    "a transaction that has outgrown its cache is rolled back as a whole, and what comes after it stays") {
  const test::Folder folder;
  const auto path = folder.file("t.db");
  const auto db = make_store(path);
  db->run_script("PRAGMA cache_size=20");
  insert_rows(*db, 600);
  db->begin();
  db->savepoint("s");
  db->execute("UPDATE t SET v = randomblob(900)");
  for (int i = 0; i < 2; ++i)
    db->execute("UPDATE t SET v = randomblob(900) WHERE id BETWEEN 300 AND 380 OR id > 520");
  if (undo(*db)) {
    db->release("s");
    insert_rows(*db, 40);
    db->commit();
  } else {
    db->rollback();
  }
  db->begin();
  db->savepoint("s");
  insert_rows(*db, 1);
  CHECK(undo(*db));
  db->release("s");
  for (const int rows : {40, 1, 1}) {
    insert_rows(*db, rows);
    const auto expected = seen_by(*db);
    db->commit();
    CHECK(seen_after_a_kill(path) == expected);
    db->begin();
  }
  db->rollback();
}

TEST_CASE("what a commit has left that found no room is never written, also where others went on") {
  const Shared both;
  const auto& path = both.path;
  const auto &db = both.db, &other = both.other;
  db->begin();
  insert_rows(*db, 20);
  db->commit();
  const auto log = static_cast<rlim_t>(std::filesystem::file_size(path + "-wal"));
  rlimit limit{};
  REQUIRE(::getrlimit(RLIMIT_FSIZE, &limit) == 0);
  const auto former = ::signal(SIGXFSZ, SIG_IGN);
  const auto room = GENERATE(0, 30, 4000, 70000, 150000);
  db->begin();
  insert_rows(*db, 400);
  const rlimit less{log + static_cast<rlim_t>(room), limit.rlim_max};
  REQUIRE(::setrlimit(RLIMIT_FSIZE, &less) == 0);
  CHECK_THROWS_AS(db->commit(), base::Error);
  REQUIRE(::setrlimit(RLIMIT_FSIZE, &limit) == 0);
  ::signal(SIGXFSZ, former);
  db->rollback();
  other->begin();
  insert_rows(*other, 60);
  const auto expected = seen_by(*other);
  other->commit();
  CHECK(seen_by(*db) == expected);
  CHECK(seen_after_a_kill(path) == expected);
  db->begin();
  insert_rows(*db, 60);
  const auto more = seen_by(*db);
  db->commit();
  CHECK(seen_after_a_kill(path) == more);
  CHECK(seen_plainly(path) == more);
}

// A whole transaction, though the program gathers no more than its COMMIT: pages that left a small cache are
// read again from what was gathered, and dropped with it.
TEST_CASE("what is gathered can be read, and what is left of it at the end is gone") {
  const Shared both;
  const auto& path = both.path;
  const auto &db = both.db, &other = both.other;
  db->run_script("PRAGMA cache_size=12");
  for (const int rows : {3, 40, 25}) {
    db->begin();
    std::string during;
    {
      const store::Gathering gathering(db->handle());
      insert_rows(*db, rows);
      during = seen_by(*db);
      insert_rows(*db, rows);
    }
    CHECK(during.size() > 1800UL * static_cast<unsigned>(rows));
    db->rollback();
    other->begin();
    insert_rows(*other, 9);
    other->commit();
    const auto expected = seen_by(*other);
    db->begin();
    insert_rows(*db, 1);
    db->rollback();
    CHECK(seen_by(*db) == expected);
    CHECK(seen_after_a_kill(path) == expected);
  }
}

TEST_CASE("a connection that has no shim is left as it is") {
  const test::Folder folder;
  sqlite3* db = nullptr;
  REQUIRE(sqlite3_open(folder.file("t.db").c_str(), &db) == SQLITE_OK);
  { const store::Gathering gathering(db); }
  CHECK(sqlite3_exec(db, "PRAGMA journal_mode=WAL; CREATE TABLE t (i)", nullptr, nullptr, nullptr) ==
        SQLITE_OK);
  { const store::Gathering gathering(db); }
  CHECK(sqlite3_exec(db, "INSERT INTO t VALUES (1)", nullptr, nullptr, nullptr) == SQLITE_OK);
  sqlite3_close(db);
}
