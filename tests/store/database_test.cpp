#include "core/store/database.h"

#include "core/base/error.h"
#include "tests/support/stores.h"

using namespace authctl;
using base::ErrorCode;

namespace {
ErrorCode code_of(const std::function<void()>& work) {
  try {
    work();
  } catch (const base::Error& e) {
    return e.code();
  }
  FAIL("nothing was refused");
  return ErrorCode::internal;
}

void add_meta(store::Database& db, std::string_view name, base::ByteView value) {
  db.execute("INSERT INTO store_meta (name, value) VALUES ($1, $2)", {name, value});
}

void add_role(store::Database& db, std::string_view id, std::string_view name) {
  db.execute("INSERT INTO role (id, name, description, created_at, updated_at) VALUES ($1, $2, $3, $4, $4)",
             {id, name, nullptr, 1700000000000});
}
}  // namespace

TEST_CASE("what is bound comes back as it was") {
  test::Store store(GENERATE(test::each_engine()));
  const base::Bytes bytes{0, 1, 0xff, 0};
  add_meta(store.db(), "k", bytes);
  add_meta(store.db(), "empty", base::Bytes{});
  const auto rows = store.db().query("SELECT name, value FROM store_meta WHERE name = $1", {"k"});
  REQUIRE(rows->next());
  CHECK(rows->text(0) == "k");
  CHECK(rows->bytes(1) == bytes);
  CHECK_FALSE(rows->next());
  CHECK_FALSE(rows->next());
  const auto empty = store.db().query("SELECT value FROM store_meta WHERE name = $1", {"empty"});
  REQUIRE(empty->next());
  CHECK_FALSE(empty->is_null(0));
  CHECK(empty->blob(0).empty());
}

TEST_CASE("a parameter may stand anywhere and more than once") {
  test::Store store(GENERATE(test::each_engine()));
  add_role(store.db(), "r1", "viewer");
  const auto rows = store.db().query(
      "SELECT description, created_at, updated_at FROM role WHERE name = $2 AND id = $1 AND name = $2",
      {"r1", "viewer"});
  REQUIRE(rows->next());
  CHECK(rows->is_null(0));
  CHECK_FALSE(rows->optional_string(0));
  CHECK(rows->integer(1) == 1700000000000);
  CHECK(rows->time(2) == base::from_unix_millis(1700000000000));
}

TEST_CASE("several results of the same statement may be open at once") {
  test::Store store(GENERATE(test::each_engine()));
  for (const char* id : {"a", "b", "c"}) add_role(store.db(), id, id);
  const std::string_view sql = "SELECT id FROM role WHERE id >= $1 ORDER BY id";
  const auto outer = store.db().query(sql, {"a"});
  REQUIRE(outer->next());
  const auto inner = store.db().query(sql, {"b"});
  REQUIRE(inner->next());
  CHECK(inner->text(0) == "b");
  CHECK(outer->text(0) == "a");
  REQUIRE(outer->next());
  CHECK(outer->text(0) == "b");
}

TEST_CASE("a write says how many rows it touched, and RETURNING gives them") {
  test::Store store(GENERATE(test::each_engine()));
  add_role(store.db(), "a", "a");
  add_role(store.db(), "b", "b");
  CHECK(store.db().execute("UPDATE role SET updated_at = $1", {5}) == 2);
  CHECK(store.db().execute("DELETE FROM role WHERE id = $1", {"none"}) == 0);
  store.db().query("DELETE FROM role WHERE id = $1 RETURNING name", {"a"});  // done although nobody reads it
  CHECK(test::number(store.db(), "SELECT COUNT(*) FROM role") == 1);
}

TEST_CASE("sums and counts are integers on every engine") {
  test::Store store(GENERATE(test::each_engine()));
  add_role(store.db(), "a", "a");
  add_role(store.db(), "b", "b");
  CHECK(test::number(store.db(), "SELECT SUM(created_at) FROM role") == 3400000000000);
  CHECK(test::number(store.db(), "SELECT 1") == 1);
  CHECK(test::number(store.db(), "SELECT SUM(created_at - 1699999999999) FROM role WHERE created_at > $1",
                     {-1}) == 2);
}

TEST_CASE("a unique name and a missing parent are conflicts") {
  test::Store store(GENERATE(test::each_engine()));
  add_role(store.db(), "a", "same");
  CHECK(code_of([&] { add_role(store.db(), "b", "same"); }) == ErrorCode::conflict);
  CHECK(code_of([&] {
          store.db().execute("INSERT INTO role_grant (role_id, permission, created_at) VALUES ($1, $2, $3)",
                             {"nobody", "edit:posts", 1});
        }) == ErrorCode::conflict);
}

TEST_CASE("text that is not UTF-8 or holds a NUL never reaches the driver") {
  test::Store store(GENERATE(test::each_engine()));
  CHECK(code_of([&] { add_role(store.db(), "a", "x\xc0\xaf"); }) == ErrorCode::invalid);
  CHECK(code_of([&] { add_role(store.db(), "a", std::string_view("x\0y", 3)); }) == ErrorCode::invalid);
  add_role(store.db(), "quote", "x'); DROP TABLE role; --");
  CHECK(test::number(store.db(), "SELECT COUNT(*) FROM role") == 1);
}

TEST_CASE("a transaction that is not committed leaves nothing") {
  test::Store store(GENERATE(test::each_engine()));
  {
    store::Transaction transaction(store.db());
    add_role(store.db(), "a", "a");
  }
  CHECK(test::number(store.db(), "SELECT COUNT(*) FROM role") == 0);
  {
    store::Transaction transaction(store.db());
    add_role(store.db(), "a", "a");
    store.db().savepoint("inner");
    add_role(store.db(), "b", "b");
    CHECK(code_of([&] { add_role(store.db(), "b", "b"); }) == ErrorCode::conflict);
    store.db().rollback_to("inner");
    store.db().release("inner");
    transaction.commit();
  }
  CHECK(test::number(store.connect().operator*(), "SELECT COUNT(*) FROM role") == 1);
}

TEST_CASE("a reader keeps its snapshot while another connection writes") {
  test::Store store(GENERATE(test::each_engine()));
  const auto reader = store.connect();
  reader->begin_read();
  CHECK(test::number(*reader, "SELECT COUNT(*) FROM role") == 0);
  add_role(store.db(), "a", "a");
  CHECK(test::number(*reader, "SELECT COUNT(*) FROM role") == 0);
  reader->rollback();
  CHECK(test::number(*reader, "SELECT COUNT(*) FROM role") == 1);
}

TEST_CASE("a statement with the wrong number of values is our own mistake") {
  test::Store store(GENERATE(test::each_engine()));
  CHECK(code_of([&] { store.db().query("SELECT name FROM role WHERE id = $1"); }) == ErrorCode::internal);
  CHECK(code_of([&] { store.db().query("SELECT nothing FROM nowhere"); }) == ErrorCode::internal);
}
