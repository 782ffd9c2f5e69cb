#include "core/store/user_repository.h"

#include "core/base/error.h"
#include "tests/support/stores.h"

using namespace authctl;
using store::UserRow;

namespace {

constexpr base::Timestamp then{std::chrono::milliseconds(1'000)};

UserRow row(const std::string& name, std::optional<std::string> email = std::nullopt) {
  UserRow user;
  user.id = "id-" + name;
  user.name = name;
  user.email = std::move(email);
  user.created_at = user.updated_at = then;
  return user;
}

base::ErrorCode refusal(const std::function<void()>& work) {
  try {
    work();
  } catch (const base::Error& error) {
    return error.code();
  }
  return base::ErrorCode::internal;
}

std::vector<std::string> names(const std::vector<UserRow>& users) {
  std::vector<std::string> found;
  for (const auto& user : users) found.push_back(user.name);
  return found;
}

using Names = std::vector<std::string>;

}  // namespace

TEST_CASE("a user is found by name, e-mail and id, however it is spelled") {
  test::Store store(GENERATE(test::each_engine()));
  auto& db = store.db();
  store::insert_user(db, row("ann", "Ann@Example.com"));
  for (const std::string_view spelling : {"ann", "ANN", "ann@example.com", "Ann@EXAMPLE.com", "id-ann"})
    CHECK(store::get_user(db, spelling).email == "Ann@Example.com");
  for (const std::string_view other : {"", "an", "ann ", "a_n", "%", "ann@example", "\xff"})
    CHECK_FALSE(store::find_user(db, other));
  CHECK_FALSE(store::find_user(db, std::string_view("ann\0", 4)));
  CHECK(refusal([&] { store::get_user(db, "bob"); }) == base::ErrorCode::not_found);
}

TEST_CASE("names and e-mails are one namespace") {
  test::Store store(GENERATE(test::each_engine()));
  auto& db = store.db();
  store::insert_user(db, row("ann", "x@example.com"));
  const auto insert = [&](const UserRow& user) {
    return refusal([&] {
      store::Transaction transaction(db);
      store::insert_user(db, user);
      transaction.commit();
    });
  };
  CHECK(insert(row("ann")) == base::ErrorCode::conflict);
  CHECK(insert(row("x@example.com")) == base::ErrorCode::conflict);
  CHECK(insert(row("bob", "X@Example.COM")) == base::ErrorCode::conflict);
  CHECK(insert(row("bob", "ann@example.com")) == base::ErrorCode::internal);  // none: it went well
  UserRow cat = row("cat");                                                   // with an id as ids are
  cat.id = "01234567-89ab-7cde-8f01-23456789abcd";
  CHECK(insert(cat) == base::ErrorCode::internal);
  CHECK(insert(row(cat.id)) == base::ErrorCode::conflict);
  CHECK(store::count_users(db) == 3);
  // One's own name may be one's own address.
  CHECK(insert(row("c@example.com", "C@example.com")) == base::ErrorCode::internal);
  CHECK(test::number(db, "SELECT COUNT(*) FROM user_identifier WHERE user_id = 'id-c@example.com'") == 1);
}

TEST_CASE("many users at once are put in where all of their names are free, else none of them") {
  test::Store store(GENERATE(test::each_engine()));
  auto& db = store.db();
  store::insert_user(db, row("ann", "x@example.com"));
  std::vector<UserRow> users;
  for (int i = 0; i < 150; ++i)
    users.push_back(row("u" + std::to_string(i), "u" + std::to_string(i) + "@Example.com"));
  users.push_back(row("c@example.com", "C@example.com"));  // one's own name may be one's own address
  const auto insert_all = [&](std::span<const UserRow> all) {
    store::Transaction transaction(db);
    const bool done = store::insert_free_users(db, all);
    transaction.commit();
    return done;
  };
  const auto with = [&](const UserRow& last) {
    auto all = users;
    all.push_back(last);
    return all;
  };
  CHECK_FALSE(insert_all(with(row("ann"))));
  CHECK_FALSE(insert_all(with(row("x@example.com"))));
  CHECK_FALSE(insert_all(with(row("z", "X@example.com"))));
  CHECK_FALSE(insert_all(with(row("01234567-89ab-7cde-8f01-23456789abcd"))));  // may be an id
  CHECK(store::count_users(db) == 1);
  CHECK(insert_all(users));
  CHECK(insert_all({}));
  CHECK(store::count_users(db) == 152);
  for (const auto& user : users) {
    CHECK(store::find_user(db, user.name)->id == user.id);
    CHECK(store::find_user(db, *user.email)->email == user.email);
  }
  CHECK_FALSE(insert_all(std::span(users).first(1)));
}

TEST_CASE("a name or e-mail that was given up is free, and one that was not is not") {
  test::Store store(GENERATE(test::each_engine()));
  auto& db = store.db();
  store::insert_user(db, row("ann@example.com", "ann@example.com"));
  store::rename_user(db, store::get_user(db, "ann@example.com"), "ann", then);
  CHECK(store::get_user(db, "ann@example.com").name == "ann");  // still the address
  store::set_user_email(db, store::get_user(db, "ann"), std::nullopt, then);
  CHECK_FALSE(store::find_user(db, "ann@example.com"));
  store::set_user_email(db, store::get_user(db, "ann"), "ann", then);
  CHECK(store::get_user(db, "ann").name == "ann");
  store::rename_user(db, store::get_user(db, "ann"), "anna", then);
  CHECK(store::get_user(db, "ann").name == "anna");
}

TEST_CASE("users are listed by the bytes of their names, a page at a time, by each filter") {
  test::Store store(GENERATE(test::each_engine()));
  auto& db = store.db();
  for (const char* name : {"b", "a-b", "a.b", "a_b", "ab", "0", "a'b", "a+b", "a@b"})
    store::insert_user(db, row(name));
  const auto all = names(store::list_users(db, {}, "", 100));
  CHECK(all == Names{"0", "a'b", "a+b", "a-b", "a.b", "a@b", "a_b", "ab", "b"});
  CHECK(names(store::list_users(db, {}, "a-b", 2)) == Names{"a.b", "a@b"});
  store::set_user_status(db, "id-ab", store::UserStatus::disabled, then);
  store::set_user_password(db, "id-b", {"hash", "bcrypt", false}, then);
  store::note_user_login(db, "id-0", then + std::chrono::hours(1));
  store::UserFilter filter;
  filter.status = store::UserStatus::disabled;
  CHECK(names(store::list_users(db, filter, "", 9)) == Names{"ab"});
  filter = {};
  filter.scheme = "bcrypt";
  CHECK(names(store::list_users(db, filter, "", 9)) == Names{"b"});
  filter = {};
  filter.inactive_since = then + std::chrono::minutes(1);
  CHECK(store::list_users(db, filter, "", 9).size() == 8);
  for (const auto& [part, count] :
       std::vector<std::pair<std::string, std::size_t>>{{"a", 7}, {"_", 1}, {"%", 0}, {"'", 1}, {"b", 8}}) {
    filter = {};
    filter.match = part;
    INFO(part);
    CHECK(store::list_users(db, filter, "", 99).size() == count);
  }
}

TEST_CASE("a list of users reads no more of the store than it shows") {
  test::Store store(store::Engine::sqlite);
  for (const std::string where :
       {"", "WHERE u.status = $2 ", "WHERE u.name > $2 ", "WHERE u.name > $2 AND u.status = $3 ",
        "WHERE u.password_scheme = $2 ", "WHERE u.id = $2 "})
    test::check_no_scan(store.db(),
                        "SELECT u.id, u.name FROM user_account u " + where + "ORDER BY u.name LIMIT $1");
}

TEST_CASE("roles of many users come in one answer, without those that ended") {
  test::Store store(GENERATE(test::each_engine()));
  auto& db = store.db();
  db.execute(
      "INSERT INTO role (id, name, created_at, updated_at) VALUES ('r1', 'zeta', 0, 0), ('r2', 'alpha', 0, "
      "0)");
  std::vector<std::string> ids;
  for (int i = 0; i < 150; ++i) {
    store::insert_user(db, row("u" + std::to_string(i)));
    ids.push_back("id-u" + std::to_string(i));
    db.execute(
        "INSERT INTO role_assignment (user_id, role_id, resource, expires_at, created_at) VALUES ($1, 'r1', "
        "'', NULL, 0), "
        "($1, 'r1', 'post/1', NULL, 0), ($1, 'r2', '', $2, 0)",
        {ids.back(), i < 100 ? 2'000 : 1'000});
  }
  const auto roles = store::roles_of_users(db, ids, then);
  REQUIRE(roles.size() == 150);
  CHECK(roles.at("id-u0") == Names{"alpha", "zeta"});
  CHECK(roles.at("id-u149") == Names{"zeta"});
}

TEST_CASE("what hangs on a deleted user goes with it, and its tokens are revoked") {
  test::Store store(GENERATE(test::each_engine()));
  auto& db = store.db();
  store::insert_user(db, row("ann", "ann@example.com"));
  db.execute("INSERT INTO role (id, name, created_at, updated_at) VALUES ('r', 'editor', 0, 0)");
  db.execute("INSERT INTO role_assignment (user_id, role_id, created_at) VALUES ('id-ann', 'r', 0)");
  db.execute(
      "INSERT INTO issued_token (jti, kid, user_id, type, issued_at, expires_at) VALUES ('j', 'k', 'id-ann', "
      "'access', 0, 9999)");
  store::delete_user(db, "id-ann", then);
  CHECK(test::number(db, "SELECT COUNT(*) FROM user_identifier") == 0);
  CHECK(test::number(db, "SELECT COUNT(*) FROM role_assignment") == 0);
  CHECK(test::number(db, "SELECT revoked_at FROM issued_token WHERE jti = 'j'") == 1'000);
}

TEST_CASE("rare users of a filter are looked up, not searched for") {
  test::Store store(store::Engine::sqlite);
  const std::vector<store::Value> nothing(2, store::Value(nullptr));  // the plan does not hang on them
  for (const std::string where :
       {"u.id IN (SELECT user_id FROM role_assignment WHERE role_id = $1 AND (expires_at IS NULL OR "
        "expires_at > $2))",
        "u.id IN (SELECT id FROM user_account WHERE COALESCE(last_login_at, created_at) <= $1)"}) {
    const auto plan = store.db().query(
        "EXPLAIN QUERY PLAN SELECT u.id FROM user_account u WHERE " + where + " ORDER BY u.name LIMIT 50",
        std::span(nothing).first(where.find("$2") == where.npos ? 1 : 2));
    while (plan->next()) {
      INFO(plan->text(3));
      CHECK_FALSE(plan->text(3).starts_with("SCAN"));
    }
  }
}
