#include "core/service/identifier_sealing.h"

#include "core/audit/query.h"
#include "core/audit/verification.h"
#include "core/base/error.h"
#include "core/service/access.h"
#include "core/service/accounts.h"
#include "core/service/change.h"
#include "core/service/initialisation.h"
#include "core/service/master_key_rotation.h"
#include "core/service/roles.h"
#include "core/store/data_key_repository.h"
#include "core/store/identifier_rows.h"
#include "core/store/tables.h"
#include "core/store/user_repository.h"
#include "tests/support/realms.h"

using namespace authctl;
using base::ErrorCode;

namespace {

const std::string email = "Ann@Gables.example", permission = "shear:merino", description = "shears in spring";

struct Site {
  explicit Site(store::Engine engine, bool sealed = false) : place(engine) {
    service::initialise({place.url(), key(), "", sealed}, cause, clock, random);
  }
  service::MasterKeySource key(const std::string& name = "one") const {
    return {place.folder().file("keys/" + name + ".key"), ""};
  }
  service::Realm open() {
    return service::open_realm({place.url(), key(), [this] { return cause; }}, clock, random);
  }

  // Ann, who shears on one farm by one grant and everywhere by another.
  void furnish(service::Realm& realm, int users = 1) {
    service::change(realm, cause, [&](service::Change& change) {
      service::create_role(change, {"shearer", description, {}});
      service::grant_permissions(change, {"shearer", {permission}, "farm/1", false});
      service::grant_permissions(change, {"shearer", {"wool:*"}, "", false});
    });
    service::change(realm, cause, [&](service::Change& change) {
      for (int i = 0; i < users; ++i) {
        service::UserDraft draft;
        draft.name = i == 0 ? "ann" : "u" + std::to_string(i);
        draft.email = i == 0 ? email : draft.name + "@many.example";
        if (i == 0) draft.roles = {"shearer"};
        service::create_user(change, draft);
      }
    });
  }

  test::Place place;
  base::FixedClock clock{test::new_year};
  test::SeededRandom random;
  service::Cause cause{"os:tester", "", "", "", false};
};

bool allowed(service::Realm& realm, const std::string& asked, const std::string& resource = "") {
  return service::check_permission(realm.db(), {"ann@gables.EXAMPLE", asked, resource}, realm.now())
      .decision.allowed;
}

void check_that_it_works(service::Realm& realm) {
  const auto user = store::find_user(realm.db(), "ANN@gables.example");
  REQUIRE(user);
  CHECK(user->email == email);
  CHECK(store::find_user(realm.db(), "ann"));
  const auto role = service::show_role(realm, "shearer");
  CHECK(role.description == description);
  CHECK(role.permissions == std::vector<store::GrantRow>{{permission, "farm/1"}, {"wool:*", ""}});
  CHECK(allowed(realm, permission, "farm/1"));
  CHECK_FALSE(allowed(realm, permission));
  CHECK(allowed(realm, "wool:spin"));
  CHECK(service::unreadable_values(realm.db(), realm.sealer()).empty());
}

ErrorCode code_of(const std::function<void()>& work) {
  try {
    work();
  } catch (const base::Error& e) {
    return e.code();
  }
  return ErrorCode::internal;
}

void add_user(Site& site, service::Realm& realm, const std::string& name, const std::string& address) {
  service::change(realm, site.cause, [&](service::Change& change) {
    service::UserDraft draft;
    draft.name = name;
    draft.email = address;
    service::create_user(change, draft);
  });
}

// The texts of these tables, one after the other.
std::string texts(store::Database& db, std::initializer_list<std::string_view> names) {
  std::string all;
  for (const auto& table : store::tables()) {
    if (std::ranges::find(names, table.name) == names.end()) continue;
    const auto rows = db.query("SELECT * FROM " + table.name);
    while (rows->next())
      for (int i = 0; i < static_cast<int>(table.columns.size()); ++i)
        if (!rows->is_null(i) &&
            table.columns[static_cast<std::size_t>(i)].type != store::ColumnType::integer)
          all += std::string(base::text_of(rows->blob(i))) + "\n";
  }
  return all;
}

void check_that_nothing_is_told(store::Database& db) {
  const auto all = texts(db, {"user_account", "user_identifier", "role", "role_grant", "audit_entry"});
  for (const std::string part : {"ables", "merino", "wool", "spring"}) {
    INFO(part);
    CHECK(all.find(part) == std::string::npos);
  }
}

}  // namespace

TEST_CASE("a store that seals identifiers answers as any other, and tells none of them, the log neither") {
  Site site(GENERATE(test::each_engine()), true);
  auto realm = site.open();
  site.furnish(realm);
  check_that_it_works(realm);
  check_that_nothing_is_told(realm.db());
  const auto log = texts(realm.db(), {"audit_entry", "audit_index"});
  for (const std::string part : {"ables", "merino", "wool", "spring"})
    CHECK(log.find(part) == std::string::npos);
  CHECK(code_of([&] { add_user(site, realm, "bob", "ANN@GABLES.EXAMPLE"); }) == ErrorCode::conflict);
  service::change(realm, site.cause, [&](service::Change& change) {
    service::revoke_permissions(change, {"shearer", {"wool:*"}, "", false});
  });
  CHECK_FALSE(allowed(realm, "wool:spin"));
}

TEST_CASE("a store with data is sealed, and a second run finds nothing to do") {
  Site site(GENERATE(test::each_engine()));
  auto realm = site.open();
  site.furnish(realm);
  auto bystander = site.open();
  const auto report = service::encrypt_identifiers(realm, site.cause, {});
  CHECK(report.changed);
  CHECK(report.users == 1);
  CHECK(report.roles == 1);
  CHECK(report.grants == 2);
  check_that_it_works(realm);
  check_that_nothing_is_told(realm.db());
  CHECK_FALSE(service::encrypt_identifiers(realm, site.cause, {}).changed);
  // What the log told before is read by who has the key, and by nobody else.
  audit::Filter created;
  created.action = "user.create";
  const auto entries = audit::query_entries(realm.db(), created, 1);
  const auto* entry = entries->next();
  REQUIRE(entry != nullptr);
  CHECK(entry->detail.find(email) != std::string_view::npos);
  // Whoever was there before is refused once, and goes on.
  CHECK(code_of([&] { add_user(site, bystander, "bob", "bob@many.example"); }) == ErrorCode::unavailable);
  add_user(site, bystander, "bob", "bob@many.example");
  check_that_it_works(bystander);
  auto fresh = site.open();
  CHECK(store::find_user(fresh.db(), "bob@many.example"));
  CHECK(texts(fresh.db(), {"user_account", "user_identifier"}).find("many") == std::string::npos);
  CHECK(audit::verify_log(fresh.db(),
                          {.sealer = &fresh.sealer(), .public_key = {}, .checkpoint = {}, .progress = {}})
            .verdict == audit::LogVerdict::intact);
}

TEST_CASE("half way through, both spellings are found and neither is given twice") {
  Site site(GENERATE(test::each_engine()));
  constexpr int users = 300;
  {
    auto realm = site.open();
    site.furnish(realm, users);
    const auto stop = [](std::int64_t, std::int64_t) {
      throw base::Error(ErrorCode::interrupted, "interrupted");
    };
    CHECK(code_of([&] { service::encrypt_identifiers(realm, site.cause, stop); }) == ErrorCode::interrupted);
  }
  {
    auto realm = site.open();
    store::Transaction transaction(realm.db());
    store::IdentifierRows rows(realm.db());
    for (int page = 0; page < 4; ++page) CHECK(rows.step());
    transaction.commit();
    CHECK(rows.users() < users);
  }
  auto realm = site.open();
  check_that_it_works(realm);
  for (int i = 1; i < users; i += 7) {
    const auto address = "u" + std::to_string(i) + "@many.example";
    CHECK(store::find_user(realm.db(), address));
    CHECK(code_of([&] { add_user(site, realm, "other", address); }) == ErrorCode::conflict);
    CHECK(code_of([&] { add_user(site, realm, "u" + std::to_string(i), ""); }) == ErrorCode::conflict);
  }
  CHECK(service::encrypt_identifiers(realm, site.cause, {}).changed);
  check_that_it_works(realm);
  check_that_nothing_is_told(realm.db());
  for (int i = 1; i < users; ++i)
    CHECK(store::find_user(realm.db(), "u" + std::to_string(i) + "@many.example"));
}

TEST_CASE("a new data key takes blind indexes and sealed identifiers along") {
  Site site(GENERATE(test::each_engine()), true);
  auto realm = site.open();
  site.furnish(realm, 40);
  const auto before = texts(realm.db(), {"user_identifier", "role_grant"});
  auto bystander = site.open();
  service::rotate_master_key(realm, site.cause, {site.key(), site.key("two").file, true, {}});
  check_that_it_works(realm);
  CHECK(texts(realm.db(), {"user_identifier", "role_grant"}) != before);
  auto next = service::open_realm({site.place.url(), site.key("two"), [&] { return site.cause; }}, site.clock,
                                  site.random);
  check_that_it_works(next);
  CHECK(store::list_data_keys(next.db()).size() == 1);
  CHECK(store::find_user(next.db(), "u39@many.example"));
}

TEST_CASE("a sealed text that was moved to another row is refused") {
  Site site(GENERATE(test::each_engine()), true);
  auto realm = site.open();
  site.furnish(realm, 2);
  realm.db().execute(
      "UPDATE user_account SET sealed_email = (SELECT sealed_email FROM user_account WHERE name = 'ann')");
  CHECK(code_of([&] { store::find_user(realm.db(), "u1"); }) == ErrorCode::unverified);
  realm.db().execute("UPDATE role_grant SET resource = '' WHERE resource = 'farm/1'");
  CHECK(code_of([&] { service::show_role(realm, "shearer"); }) == ErrorCode::unverified);
  CHECK(service::unreadable_values(realm.db(), realm.sealer()).size() == 2);
}
