#include "core/service/master_key_rotation.h"

#include "core/audit/verification.h"
#include "core/base/error.h"
#include "core/service/change.h"
#include "core/service/initialisation.h"
#include "core/service/keyring.h"
#include "core/service/totp_enrolment.h"
#include "core/store/data_key_repository.h"
#include "core/store/factor_repository.h"
#include "core/store/user_repository.h"
#include "tests/support/realms.h"

using namespace authctl;
using base::ErrorCode;

namespace {

// An initialised store whose master key lies in a file, and two more files where others may come to lie.
struct Site {
  explicit Site(store::Engine engine) : place(engine) {
    service::initialise({place.url(), key("old"), "ann"}, cause, clock, random);
  }
  service::MasterKeySource key(const std::string& name) const {
    return {place.folder().file("keys/" + name + ".key"), ""};
  }
  service::Realm open(const std::string& name, bool ends_rotation = true) {
    service::OpenRequest request{place.url(), key(name)};
    if (ends_rotation) request.opener = [&] { return cause; };
    return service::open_realm(request, clock, random);
  }
  service::MasterKeyReport rotate(const std::string& from, const std::string& to, bool reseal,
                                  std::function<void(std::int64_t, std::int64_t)> progress = {}) {
    auto realm = open(from);
    return service::rotate_master_key(realm, cause, {key(from), key(to).file, reseal, std::move(progress)});
  }
  bool opens(const std::string& name) {
    try {
      open(name, false);
      return true;
    } catch (const base::Error& error) {
      CHECK(error.code() == ErrorCode::unverified);
      return false;
    }
  }
  // Whether every value opens with this key.
  bool whole(const std::string& name) {
    auto realm = open(name, false);
    return service::unreadable_values(realm.db(), realm.sealer()).empty();
  }
  std::size_t wraps() { return store::list_data_keys(open_store()).size(); }
  store::Database& open_store() {
    if (!db) db = store::open_database(place.url(), store::OpenMode::existing);
    return *db;
  }

  test::Place place;
  base::FixedClock clock{test::new_year};
  test::SeededRandom random;
  service::Cause cause{"os:tester", "", "", "", false};
  std::unique_ptr<store::Database> db;
};

std::vector<base::Bytes> sealed_keys(store::Database& db) {
  std::vector<base::Bytes> all;
  const auto rows = db.query("SELECT sealed FROM crypto_key ORDER BY kid");
  while (rows->next()) all.push_back(rows->bytes(0));
  return all;
}

void add_totp(Site& site, service::Realm& realm) {
  service::change(realm, site.cause, [&](service::Change& c) {
    credential::TotpEnrolment enrolment;
    enrolment.secret = base::Secret(std::string_view("12345678901234567890"));
    const auto user = store::get_user(c.db(), "ann");
    store::put_totp(c.db(),
                    service::seal_totp(realm, user.id, enrolment, store::EnrolmentState::confirmed, c.now()));
  });
}

}  // namespace

TEST_CASE("both master keys open the store until a command has opened it with the new one") {
  Site site(GENERATE(test::each_engine()));
  const auto report = site.rotate("old", "new", false);
  CHECK(report.master_key_made);
  CHECK(report.changed);
  CHECK(report.old_key_opens);
  CHECK(site.wraps() == 2);
  CHECK(site.opens("old"));
  CHECK(site.opens("new"));
  site.open("old");
  CHECK(site.opens("old"));
  site.open("new");
  CHECK(site.wraps() == 1);
  CHECK_FALSE(site.opens("old"));
  CHECK(site.whole("new"));
  CHECK(test::logged_actions(site.open_store()).back() == "master-key.takeover");
}

TEST_CASE("a dry run of a rotation leaves no key file and no wrap") {
  Site site(GENERATE(test::each_engine()));
  auto realm = site.open("old");
  service::Cause dry = site.cause;
  dry.dry_run = true;
  const auto report =
      service::rotate_master_key(realm, dry, {site.key("old"), site.key("new").file, true, {}});
  CHECK(report.master_key_made);
  CHECK_FALSE(std::filesystem::exists(site.key("new").file));
  CHECK(site.wraps() == 1);
}

TEST_CASE("a new data key leaves nothing sealed under the old one, and takes every secret along") {
  Site site(GENERATE(test::each_engine()));
  std::vector<base::Bytes> before;
  std::unique_ptr<crypto::Sealer> old_sealer;
  {
    auto realm = site.open("old");
    add_totp(site, realm);
    before = sealed_keys(realm.db());
    old_sealer = std::make_unique<crypto::Sealer>(realm.sealer().clone());
  }
  const auto report = site.rotate("old", "new", true);
  CHECK(report.resealed == 4);  // two keys, the log's, one TOTP secret
  auto realm = site.open("new");
  CHECK(site.wraps() == 1);
  CHECK(site.whole("new"));
  CHECK(service::unreadable_values(realm.db(), *old_sealer).size() == 4);
  const auto after = sealed_keys(realm.db());
  REQUIRE(after.size() == before.size());
  for (std::size_t i = 0; i < after.size(); ++i) CHECK(after[i] != before[i]);
  const auto user = store::get_user(realm.db(), "ann");
  const auto totp = store::find_totp(realm.db(), user.id, store::EnrolmentState::confirmed);
  REQUIRE(totp);
  CHECK(service::open_totp(realm, *totp).reveal_text() == "12345678901234567890");
  CHECK(realm.sealer().derive("anything") == old_sealer->derive("anything"));
  CHECK(audit::verify_log(realm.db(),
                          {.sealer = &realm.sealer(), .public_key = {}, .checkpoint = {}, .progress = {}})
            .verdict == audit::LogVerdict::intact);
}

TEST_CASE("a resealing that was interrupted goes on where it was, with either key") {
  Site site(GENERATE(test::each_engine()));
  int left = GENERATE(1, 2, 3);
  const auto stop = [&](std::int64_t, std::int64_t) {
    if (--left == 0) throw base::Error(ErrorCode::interrupted, "interrupted");
  };
  CHECK_THROWS_AS(site.rotate("old", "new", true, stop), base::Error);
  CHECK(site.wraps() == 4);
  CHECK(site.whole("old"));
  CHECK(site.whole("new"));
  SECTION("with the old one") {
    CHECK(site.rotate("old", "new", true).old_key_opens);
    CHECK(site.wraps() == 2);
    CHECK(site.whole("old"));
    CHECK(site.whole("new"));
  }
  SECTION("with the new one, which ends the old one") {
    CHECK_FALSE(site.rotate("new", "new", false).old_key_opens);
    CHECK(site.wraps() == 1);
    CHECK(site.whole("new"));
    CHECK_FALSE(site.opens("old"));
  }
}

TEST_CASE("a writer that holds the replaced data key is refused once, and then writes under the new one") {
  Site site(GENERATE(test::each_engine()));
  auto stale = site.open("old");
  site.rotate("old", "new", true);
  const auto generate = [&] {
    return service::generate_key(stale, site.cause,
                                 {.use = store::KeyUse::fernet, .alg = {}, .bits = 0, .not_before = {}});
  };
  try {
    generate();
    FAIL("it was written");
  } catch (const base::Error& error) {
    CHECK(error.code() == ErrorCode::unavailable);
  }
  CHECK(site.whole("old"));
  generate();
  CHECK(site.whole("old"));
  CHECK(site.whole("new"));
}

TEST_CASE("a rotation to a third key ends the one that was never used") {
  Site site(GENERATE(test::each_engine()));
  site.rotate("old", "new", false);
  site.rotate("old", "third", false);
  CHECK(site.wraps() == 2);
  CHECK_FALSE(site.opens("new"));
  CHECK(site.opens("third"));
}

TEST_CASE("a rotation to the key that is in use is refused, and one that is done already changes nothing") {
  Site site(GENERATE(test::each_engine()));
  try {
    site.rotate("old", "old", false);
    FAIL("it was rotated");
  } catch (const base::Error& error) {
    CHECK(error.code() == ErrorCode::conflict);
  }
  site.rotate("old", "new", false);
  const std::string before = test::dump(site.open_store());
  CHECK_FALSE(site.rotate("old", "new", false).changed);
  CHECK(test::dump(site.open_store()) == before);
}

TEST_CASE("a value that was altered or moved is named, and nothing else") {
  Site site(GENERATE(test::each_engine()));
  auto realm = site.open("old");
  const auto all = sealed_keys(realm.db());
  REQUIRE(all.size() == 2);
  realm.db().execute("UPDATE crypto_key SET sealed = $1", {all[0]});
  const auto broken = service::unreadable_values(realm.db(), realm.sealer());
  REQUIRE(broken.size() == 1);
  CHECK(broken[0].starts_with("crypto_key/sealed/"));
}
