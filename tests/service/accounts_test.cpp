#include "core/service/accounts.h"

#include <thread>

#include "core/base/error.h"
#include "core/service/role_assignments.h"
#include "core/service/roles.h"
#include "tests/support/realms.h"
#include "tests/support/vectors.h"

using namespace authctl;
using service::UserDraft;
using Names = std::vector<std::string>;

namespace {

const service::PasswordPolicy policy{{}, {64, 1, 1}};  // fast: what is hashed here guards nothing
constexpr std::string_view canary = "violin CANARY quartz marble";

UserDraft draft(const std::string& name, const std::string& email = "", Names roles = {}) {
  UserDraft made;
  made.name = name;
  made.email = email;
  made.roles = std::move(roles);
  return made;
}

service::UserView create(test::TestRealm& test, const std::string& name, const std::string& email = "",
                         Names roles = {}) {
  return service::create_user(test.realm(), test.cause(), draft(name, email, std::move(roles)), policy);
}

base::ErrorCode refusal(const std::function<void()>& work) {
  try {
    work();
  } catch (const base::Error& error) {
    CHECK((error.message() + error.hint()).find(canary) == std::string::npos);
    return error.code();
  }
  FAIL("it was not refused");
  return base::ErrorCode::internal;
}

Names listed(test::TestRealm& test, const service::UserQuery& query) {
  Names names;
  const auto next = service::list_users(test.realm(), query);
  while (const auto user = next()) names.push_back(user->name);
  return names;
}

service::PasswordRequest password_for(const std::string& user, std::string_view password) {
  service::PasswordRequest request;
  request.user = user;
  request.password = base::Secret(password);
  return request;
}

}  // namespace

TEST_CASE("a user has exactly the members that the contract names") {
  test::TestRealm test(GENERATE(test::each_engine()));
  service::create_role(test.realm(), test.cause(), {"editor", "", {}});
  const auto user = create(test, "Ann", "Ann@Example.com", {"editor"});
  const auto json = base::json::serialize(service::user_json(user));
  CHECK(json ==
        "{\"id\":\"" + user.id +
            "\",\"name\":\"ann\",\"email\":\"Ann@Example.com\",\"status\":\"active\",\"roles\":[\"editor\"],"
            "\"mfa\":{\"totp\":false,\"backup_codes_left\":0},"
            "\"password\":{\"scheme\":null,\"changed_at\":null,\"must_change\":false},\"failed_attempts\":0,"
            "\"locked_until\":null,"
            "\"created_at\":\"2026-01-01T00:00:00Z\",\"updated_at\":\"2026-01-01T00:00:00Z\",\"last_login_"
            "at\":null}");
  CHECK(test::logged_actions(test.db()) == Names{"role.create", "user.create", "role.assign"});
}

TEST_CASE("a name or e-mail that is taken, in any spelling, makes no second account") {
  test::TestRealm test(GENERATE(test::each_engine()));
  create(test, "ann", "x@example.com");
  const auto before = test::dump(test.db());
  for (const auto& [name, email] : std::vector<std::pair<std::string, std::string>>{
           {"ANN", ""}, {"x@example.com", ""}, {"bob", "X@EXAMPLE.com"}, {"bob", "Ann"}})
    CHECK((refusal([&, &n = name, &e = email] { create(test, n, e); }) == base::ErrorCode::conflict ||
           email == "Ann"));
  CHECK(refusal([&] { create(test, "bob", "", {"nobody"}); }) == base::ErrorCode::not_found);
  CHECK(test::dump(test.db()) == before);
}

TEST_CASE("no naughty string becomes a name that is not one, or gets into a message raw") {
  const auto folder = tests::published_vectors("naughty-strings");
  if (!folder) return;
  test::TestRealm test;
  for (const auto& path : tests::files_in(*folder, ".json")) {
    const auto strings = tests::read_json_file(path);
    if (!strings.is_array()) continue;
    for (const auto& value : strings.as_array()) {
      if (!value.is_string()) continue;
      const std::string text(value.as_string());
      INFO(text);
      try {
        const auto user = create(test, text);
        CHECK(user.name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789._@+'-") == std::string::npos);
        CHECK(service::show_user(test.realm(), text).id == user.id);
      } catch (const base::Error& error) {
        CHECK((error.code() == base::ErrorCode::invalid || error.code() == base::ErrorCode::conflict));
        for (const char c : error.message()) CHECK(static_cast<unsigned char>(c) >= 0x20);
      }
    }
  }
}

TEST_CASE("a user is renamed and gets another address in one event; what is so already is no change") {
  test::TestRealm test(GENERATE(test::each_engine()));
  create(test, "ann", "ann@example.com");
  create(test, "bob");
  test.clock().advance(std::chrono::hours(1));
  const auto outcome = service::update_user(test.realm(), test.cause(), {"ann", "anna@example.com", "Anna"});
  CHECK(outcome.user.name == "anna");
  CHECK(base::to_rfc3339(outcome.user.updated_at) == "2026-01-01T01:00:00Z");
  CHECK(service::show_user(test.realm(), "ANNA@example.com").id == outcome.user.id);
  CHECK(
      service::update_user(test.realm(), test.cause(), {"anna", "anna@example.com", "ANNA"}).notices.size() ==
      1);
  CHECK(test::logged_actions(test.db()) == Names{"user.create", "user.create", "user.update"});
  CHECK(refusal([&] {
          service::update_user(test.realm(), test.cause(), {"anna", {}, "bob"});
        }) == base::ErrorCode::conflict);
  CHECK(refusal([&] {
          service::update_user(test.realm(), test.cause(), {"anna", {}, {}});
        }) == base::ErrorCode::usage);
  CHECK(refusal([&] {
          service::update_user(test.realm(), test.cause(), {"eve", {}, "x"});
        }) == base::ErrorCode::not_found);
  CHECK_FALSE(service::update_user(test.realm(), test.cause(), {"anna", "", {}}).user.email);
}

TEST_CASE("a password is judged, hashed, and ends the tokens from before; it is found nowhere") {
  test::TestRealm test(GENERATE(test::each_engine()));
  auto made = draft("ann");
  made.password = base::Secret(canary);
  const auto user = service::create_user(test.realm(), test.cause(), std::move(made), policy);
  CHECK(user.password_scheme == "argon2id");
  CHECK(
      crypto::verify_password(store::get_user(test.db(), "ann").password_hash.value(), base::Secret(canary)));
  test.clock().advance(std::chrono::hours(1));
  const auto outcome = service::set_password(test.realm(), test.cause(),
                                             password_for("ann", "another CANARY of seven words"), policy);
  CHECK_FALSE(outcome.generated);
  CHECK(store::get_user(test.db(), "ann").tokens_valid_from == test.clock().now());
  CHECK(test::dump(test.db()).find("CANARY") == std::string::npos);
  CHECK(test::logged_actions(test.db()) == Names{"user.create", "user.password"});
  for (const std::string_view weak : {"", "short", "passwordpassword", "ann-ann-ann-ann-1"})
    CHECK(refusal([&] {
            service::set_password(test.realm(), test.cause(), password_for("ann", weak), policy);
          }) == base::ErrorCode::invalid);
  CHECK(refusal([&] {
          service::set_password(test.realm(), test.cause(), password_for("eve", canary), policy);
        }) == base::ErrorCode::not_found);
}

TEST_CASE("a generated password meets the policy, is shown once and never on a dry run") {
  test::TestRealm test(GENERATE(test::each_engine()));
  create(test, "ann");
  service::PasswordRequest request;
  request.user = "ann";
  CHECK(refusal([&] { service::set_password(test.realm(), test.cause(), request, policy); }) ==
        base::ErrorCode::usage);
  request.generate = true;
  const auto before = test::dump(test.db());
  CHECK_FALSE(service::set_password(test.realm(), test.dry_run(), request, policy).generated);
  CHECK(test::dump(test.db()) == before);
  const auto outcome = service::set_password(test.realm(), test.cause(), request, policy);
  REQUIRE(outcome.generated);
  CHECK(outcome.generated->size() == 24);
  CHECK(crypto::verify_password(store::get_user(test.db(), "ann").password_hash.value(), *outcome.generated));
  CHECK(test::dump(test.db()).find(outcome.generated->reveal_text()) == std::string::npos);
  request.generate = false, request.must_change = true;
  CHECK(service::set_password(test.realm(), test.cause(), request, policy).user.password_must_change);
  for (int i = 0; i < 500; ++i)
    CHECK(credential::judge_password(service::generate_password(test.random(), {}),
                                     {"ann", "", "authctl", false}, {})
              .empty());
}

TEST_CASE("a generated password is as long as the settings ask for, and of the classes") {
  base::SystemRandom random;
  for (const std::size_t least : {8u, 15u, 24u, 25u, 64u, 1023u, 1024u})
    for (const bool classes : {false, true}) {
      const credential::PasswordRules rules{8, least, classes, {}};
      INFO(least << " " << classes);
      for (int i = 0; i < (least < 100 ? 300 : 2); ++i)
        REQUIRE(credential::judge_password(service::generate_password(random, rules), {}, rules).empty());
    }
}

TEST_CASE("a generated password that nobody could be handed leaves the one before") {
  test::TestRealm test;
  create(test, "ann");
  service::PasswordRequest request;
  request.user = "ann";
  request.generate = true;
  const auto before = test::dump(test.db());
  const auto lost = [](const base::Secret&) { throw base::Error{base::ErrorCode::io, "the disk is full"}; };
  CHECK(refusal([&] { service::set_password(test.realm(), test.cause(), request, policy, lost); }) ==
        base::ErrorCode::io);
  CHECK(test::dump(test.db()) == before);
  bool handed = false;
  const auto hand = [&](const base::Secret&) { handed = true; };
  service::set_password(test.realm(), test.dry_run(), request, policy, hand);
  CHECK_FALSE(handed);
  service::set_password(test.realm(), test.cause(), request, policy, hand);
  CHECK(handed);
}

TEST_CASE("a user who is disabled and enabled again starts without its old tokens") {
  test::TestRealm test(GENERATE(test::each_engine()));
  create(test, "ann");
  CHECK(service::disable_user(test.realm(), test.cause(), "ann", false).user.status ==
        store::UserStatus::disabled);
  CHECK(service::disable_user(test.realm(), test.cause(), "ann", false).notices.size() == 1);
  test.clock().advance(std::chrono::hours(1));
  service::enable_user(test.realm(), test.cause(), "ann");
  CHECK(store::get_user(test.db(), "ann").tokens_valid_from == test.clock().now());
  CHECK(service::enable_user(test.realm(), test.cause(), "ann").notices.size() == 1);
  CHECK(test::logged_actions(test.db()) == Names{"user.create", "user.disable", "user.enable"});
}

TEST_CASE("the last holder of admin:all is neither disabled nor deleted unless it is forced") {
  test::TestRealm test(GENERATE(test::each_engine()));
  service::create_role(test.realm(), test.cause(), {"root", "", {}});
  service::grant_permissions(test.realm(), test.cause(), {"root", {"admin:all"}, "", false});
  create(test, "ann", "", {"root"});
  create(test, "bob");
  const auto before = test::dump(test.db());
  CHECK(refusal([&] { service::disable_user(test.realm(), test.cause(), "ann", false); }) ==
        base::ErrorCode::precondition);
  CHECK(refusal([&] { service::delete_user(test.realm(), test.cause(), "ann", false); }) ==
        base::ErrorCode::precondition);
  CHECK(test::dump(test.db()) == before);
  service::delete_user(test.realm(), test.cause(), "bob", false);
  create(test, "eve", "", {"root"});
  service::disable_user(test.realm(), test.cause(), "ann", false);
  CHECK(refusal([&] { service::delete_user(test.realm(), test.cause(), "eve", false); }) ==
        base::ErrorCode::precondition);
  CHECK(service::delete_user(test.realm(), test.cause(), "eve", true).roles == Names{"root"});
}

TEST_CASE("users are listed by every filter, page after page") {
  test::TestRealm test(GENERATE(test::each_engine()));
  service::create_role(test.realm(), test.cause(), {"editor", "", {}});
  service::change(test.realm(), test.cause(), [&](service::Change& c) {
    for (int i = 1000; i < 1600; ++i)
      service::create_user(c, draft("u" + std::to_string(i), "", i % 100 == 0 ? Names{"editor"} : Names{}));
  });
  service::UserQuery query;
  CHECK(listed(test, query).size() == 600);
  query.limit = 300, query.after = "U1299";
  const auto page = listed(test, query);
  REQUIRE(page.size() == 300);
  CHECK((page.front() == "u1300" && page.back() == "u1599"));
  query = {};
  query.role = "editor";
  CHECK(listed(test, query) == Names{"u1000", "u1100", "u1200", "u1300", "u1400", "u1500"});
  service::assign_roles(test.realm(), test.cause(), {"u1001", {"editor"}, "1s", "", false});
  CHECK(listed(test, query).size() == 7);
  test.clock().advance(std::chrono::seconds(1));
  CHECK(listed(test, query).size() == 6);  // it ended by itself
  query = {};
  query.match = "U15", query.status = "active", query.without_mfa = true;
  CHECK(listed(test, query).size() == 100);
  query = {};
  query.inactive_for = std::chrono::hours(1);
  CHECK(listed(test, query).empty());
  test.clock().advance(std::chrono::hours(1));
  CHECK(listed(test, query).size() == 600);
  for (const auto& [bad, code] :
       std::vector<std::pair<service::UserQuery, base::ErrorCode>>{{{.role = "",
                                                 .status = "asleep",
                                                 .scheme = "",
                                                 .match = "",
                                                 .after = "",
                                                 .inactive_for = {},
                                                 .limit = {}},
                                                                    base::ErrorCode::invalid},
                                                                   {{.role = "",
                                                                   .status = "",
                                                                   .scheme = "rot13",
                                                                   .match = "",
                                                                   .after = "",
                                                                   .inactive_for = {},
                                                                   .limit = {}},
                                                                    base::ErrorCode::invalid},
                                                                   {{.role = "ghost",
                                                                   .status = "",
                                                                   .scheme = "",
                                                                   .match = "",
                                                                   .after = "",
                                                                   .inactive_for = {},
                                                                   .limit = {}},
                                                                    base::ErrorCode::not_found},
                                                                   {{.role = "",
                                                                   .status = "",
                                                                   .scheme = "",
                                                                   .match = "",
                                                                   .after = "",
                                                                   .inactive_for = {},
                                                                   .limit = 0},
                                                                    base::ErrorCode::invalid}})
    CHECK(refusal([&, &filter = bad] { listed(test, filter); }) == code);
}

TEST_CASE("a dry run of every change shows what would be and writes nothing") {
  test::TestRealm test(GENERATE(test::each_engine()));
  create(test, "ann");
  const auto before = test::dump(test.db());
  CHECK(service::create_user(test.realm(), test.dry_run(), draft("bob"), policy).name == "bob");
  CHECK(service::update_user(test.realm(), test.dry_run(), {"ann", {}, "anna"}).user.name == "anna");
  CHECK(service::disable_user(test.realm(), test.dry_run(), "ann", false).user.status ==
        store::UserStatus::disabled);
  CHECK(service::delete_user(test.realm(), test.dry_run(), "ann", false).name == "ann");
  CHECK(test::dump(test.db()) == before);
}

TEST_CASE("a store that fails at any step of an account's life leaves it as it was") {
  test::TestRealm test(GENERATE(test::each_engine()));
  service::create_role(test.realm(), test.cause(), {"editor", "", {}});
  test::fail_at_every_call(test, [&] { create(test, "ann", "ann@example.com", {"editor"}); });
  test::fail_at_every_call(test, [&] {
    service::update_user(test.realm(), test.cause(), {"ann", "a@example.com", "anna"});
  });
  test::fail_at_every_call(
      test, [&] { service::set_password(test.realm(), test.cause(), password_for("anna", canary), policy); });
  test::fail_at_every_call(test, [&] { service::disable_user(test.realm(), test.cause(), "anna", false); });
  test::fail_at_every_call(test, [&] { service::enable_user(test.realm(), test.cause(), "anna"); });
  test::fail_at_every_call(test, [&] { service::delete_user(test.realm(), test.cause(), "anna", false); });
}

TEST_CASE("of many who create the same name at once, one succeeds") {
  test::TestRealm test(GENERATE(test::each_engine()));
  constexpr int callers = 6;
  std::vector<std::unique_ptr<service::Realm>> realms;
  for (int i = 0; i < callers; ++i) realms.push_back(test.another());
  std::atomic<int> made = 0, refused = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < callers; ++i)
    threads.emplace_back([&, i] {
      try {
        service::create_user(*realms[static_cast<std::size_t>(i)], test.cause(),
                             draft(i % 2 ? "ANN" : "ann", i % 2 ? "" : "a@example.com"), policy);
        ++made;
      } catch (const base::Error& error) {
        if (error.code() == base::ErrorCode::conflict) ++refused;
      }
    });
  for (auto& thread : threads) thread.join();
  CHECK(made == 1);
  CHECK(refused == callers - 1);
  CHECK(store::count_users(test.db()) == 1);
}
