#include "core/service/identifier_sealing.h"

#include "core/audit/query.h"
#include "core/audit/sealed_detail.h"
#include "core/audit/verification.h"
#include "core/base/error.h"
#include "core/service/access.h"
#include "core/service/accounts.h"
#include "core/service/audit_trail.h"
#include "core/service/change.h"
#include "core/service/initialisation.h"
#include "core/service/master_key_rotation.h"
#include "core/service/roles.h"
#include "core/service/sealed_values.h"
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

namespace {

audit::Verification verify_by(store::Database& db, const audit::VerifierKey& key) {
  return audit::verify_log(db, {.sealer = nullptr, .public_key = key, .checkpoint = {}, .progress = {}});
}

audit::Verification verify_by(store::Database& db, const crypto::Sealer& sealer) {
  return audit::verify_log(db, {.sealer = &sealer, .public_key = {}, .checkpoint = {}, .progress = {}});
}

std::int64_t sealed_rows(store::Database& db) {
  std::int64_t count = 0;
  const auto rows = db.query("SELECT detail FROM audit_entry");
  while (rows->next()) count += audit::DetailKey::is_sealed(rows->text(0)) ? 1 : 0;
  return count;
}

std::int64_t first_sealed(store::Database& db) {
  const auto rows = db.query("SELECT seq, detail FROM audit_entry ORDER BY seq");
  while (rows->next())
    if (audit::DetailKey::is_sealed(rows->text(1))) return rows->integer(0);
  return 0;
}

}  // namespace

TEST_CASE("sealed entries of a log are held to what was signed with the public key alone, column by column") {
  Site site(GENERATE(test::each_engine()));
  auto realm = site.open();
  site.furnish(realm, 5);
  service::encrypt_identifiers(realm, site.cause, {});
  add_user(site, realm, "bob", "bob@many.example");
  auto& db = realm.db();
  const auto key = audit::read_verifier_key(db).value();
  const auto with_public_key = verify_by(db, key);
  CHECK(with_public_key.verdict == audit::LogVerdict::intact);
  CHECK(with_public_key.sealed == sealed_rows(db));
  CHECK(with_public_key.sealed > 5);
  CHECK(verify_by(db, realm.sealer()).verdict == audit::LogVerdict::intact);
  CHECK(verify_by(db, realm.sealer()).sealed == 0);
  const auto seq = first_sealed(db);
  db.execute("CREATE TABLE kept AS SELECT * FROM audit_entry", {});
  const std::vector<std::pair<std::string, std::string>> touched{
      {"actor", "'os:nobody'"}, {"action", "'user.delete'"},
      {"time", "time + 1"},     {"target_kind", "'x'"},
      {"target_id", "'x'"},     {"target_name", "'x'"},
      {"outcome", "'denied'"},  {"ip", "'10.0.0.1'"},
      {"reason", "'none'"},     {"detail", "'{\"sealed\":\"AAAA\"}'"},
      {"leaf", "mac"}};
  for (const auto& [column, value] : touched) {
    INFO(column);
    db.execute("UPDATE audit_entry SET " + column + " = " + value + " WHERE seq = $1", {seq});
    CHECK(verify_by(db, key).verdict == audit::LogVerdict::altered);
    CHECK(verify_by(db, realm.sealer()).verdict == audit::LogVerdict::altered);
    db.execute("UPDATE audit_entry SET " + column + " = (SELECT kept." + column +
                   " FROM kept WHERE kept.seq = audit_entry.seq) WHERE seq = $1",
               {seq});
  }
  CHECK(verify_by(db, key).verdict == audit::LogVerdict::intact);
}

TEST_CASE("no entry passes for sealed that the log does not say was there before the sealing") {
  Site site(GENERATE(test::each_engine()));
  auto realm = site.open();
  site.furnish(realm, 5);
  auto& db = realm.db();
  const auto key = audit::read_verifier_key(db).value();
  const std::string forgery = "UPDATE audit_entry SET actor = 'os:nobody', detail = '{\"sealed\":\"AAAA\"}'";
  SECTION("in a log that was never sealed") {
    db.execute(forgery + " WHERE seq = $1", {std::int64_t{2}});
    CHECK(verify_by(db, key).verdict == audit::LogVerdict::altered);
  }
  SECTION("written after the sealing") {
    service::encrypt_identifiers(realm, site.cause, {});
    add_user(site, realm, "bob", "bob@many.example");
    db.execute(forgery + " WHERE seq = $1", {audit::newest_seq(db)});
    CHECK(verify_by(db, key).verdict == audit::LogVerdict::altered);
  }
  SECTION("written before it, and not sealed by it") {
    service::encrypt_identifiers(realm, site.cause, {});
    const auto rows = db.query("SELECT seq FROM audit_entry WHERE detail = '{}' ORDER BY seq LIMIT 1");
    const bool any = rows->next();
    const std::int64_t seq = any ? rows->integer(0) : 1;
    db.execute(forgery + " WHERE seq = $1", {seq});
    CHECK(verify_by(db, key).verdict == audit::LogVerdict::altered);
  }
}

TEST_CASE("a log that is being sealed, or was pruned afterwards, is verified with the public key too") {
  Site site(GENERATE(test::each_engine()));
  auto realm = site.open();
  site.furnish(realm, 3);
  site.clock.advance(std::chrono::hours(1));
  add_user(site, realm, "bob", "bob@many.example");
  auto& db = realm.db();
  const auto key = audit::read_verifier_key(db).value();
  const auto last_clear = audit::newest_seq(db);
  const auto stop = [](std::int64_t, std::int64_t) {
    throw base::Error(ErrorCode::interrupted, "interrupted");
  };
  CHECK(code_of([&] { service::encrypt_identifiers(realm, site.cause, stop); }) == ErrorCode::interrupted);
  {  // where it would have come to
    store::Transaction transaction(db);
    CHECK(audit::seal_details_after(db, 0, last_clear, site.random) == last_clear);
    transaction.commit();
  }
  const auto half = verify_by(db, key);
  CHECK(half.verdict == audit::LogVerdict::unverifiable);
  CHECK(half.problem.value().find("has not ended") != std::string::npos);
  CHECK(verify_by(db, realm.sealer()).verdict == audit::LogVerdict::intact);
  add_user(site, realm, "eve", "eve@many.example");
  const auto meanwhile = audit::newest_seq(db);
  CHECK(service::encrypt_identifiers(realm, site.cause, {}).changed);
  CHECK(verify_by(db, key).verdict == audit::LogVerdict::intact);
  // What was written meanwhile was never in the clear, and is not sealed.
  const auto rows = db.query("SELECT detail FROM audit_entry WHERE seq = $1", {meanwhile});
  REQUIRE(rows->next());
  CHECK_FALSE(audit::DetailKey::is_sealed(rows->text(0)));
  const auto before = sealed_rows(db);
  service::prune_audit(realm, site.cause, test::new_year + std::chrono::minutes(30));
  const auto left = sealed_rows(db);
  CHECK(left > 0);
  CHECK(left < before);
  CHECK(verify_by(db, key).verdict == audit::LogVerdict::intact);
  CHECK(verify_by(db, key).sealed == left);
  db.execute("UPDATE audit_entry SET actor = 'os:nobody' WHERE seq = $1", {first_sealed(db)});
  CHECK(verify_by(db, key).verdict == audit::LogVerdict::altered);
}

TEST_CASE("the check of every ciphertext opens the sealed details of the log too") {
  Site site(GENERATE(test::each_engine()));
  auto realm = site.open();
  site.furnish(realm, 3);
  service::encrypt_identifiers(realm, site.cause, {});
  CHECK(service::check_sealed_values(realm.db(), realm.sealer()).back().values == sealed_rows(realm.db()));
  CHECK(service::unreadable_values(realm.db(), realm.sealer()).empty());
  const auto seq = first_sealed(realm.db());
  realm.db().execute(
      "UPDATE audit_entry SET detail = (SELECT detail FROM audit_entry WHERE seq = $1) WHERE seq = $2",
      {seq, seq + 1});
  CHECK(service::unreadable_values(realm.db(), realm.sealer()) ==
        std::vector<std::string>{"audit_entry/detail/" + std::to_string(seq + 1)});
}
