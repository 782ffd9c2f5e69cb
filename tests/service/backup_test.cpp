#include "core/service/backup.h"

#include <atomic>
#include <thread>

#include "core/audit/log.h"
#include "core/audit/verification.h"
#include "core/base/error.h"
#include "core/base/file.h"
#include "core/service/accounts.h"
#include "core/service/initialisation.h"
#include "core/service/keyring_rotation.h"
#include "core/service/opening.h"
#include "core/service/restore.h"
#include "core/service/roles.h"
#include "core/store/migrations.h"
#include "core/store/sqlite.h"
#include "core/store/store_check.h"
#include "core/store/store_dump.h"
#include "core/store/table_rows.h"
#include "tests/support/realms.h"

using namespace authctl;
using namespace std::chrono_literals;
using base::ErrorCode;
using store::KeyState;
using store::KeyUse;

namespace {

// A clock that does something else each time it is asked: whatever may happen between two steps of a use
// case.
class BusyClock final : public base::Clock {
 public:
  base::Timestamp now() const override {
    if (++asked_ == at_) work_();
    return test::new_year + 10s;
  }
  void at(int n, std::function<void()> work) { at_ = n, work_ = std::move(work), asked_ = 0; }
  int asked() const { return asked_; }

 private:
  mutable int asked_ = 0;
  int at_ = 0;
  std::function<void()> work_;
};

// A store with a user and two keys of each use, and the backups of it.
struct Site {
  explicit Site(store::Engine engine) : place(engine) {
    service::initialise({place.url(), key, ""}, cause, clock, random);
    realm.emplace(service::open_realm({place.url(), key}, clock, random));
    service::create_role(*realm, cause, {"editor", "Edits", {}});
    service::UserDraft ann;
    ann.name = "ann";
    ann.email = "ann@example.com";
    ann.roles = {"editor"};
    service::create_user(*realm, cause, std::move(ann), {{}, {8, 1, 1}});
    for (const auto use : {KeyUse::jwt, KeyUse::fernet}) {
      clock.advance(1s);
      rotate(use);
    }
  }
  void rotate(KeyUse use) {
    service::rotate_key(*realm, cause,
                        {.use = use,
                         .kind = service::Rotation::plain,
                         .timing = {.jwks_max_age = 5min, .access_ttl = 15min},
                         .grace = {},
                         .alg = "",
                         .began = clock.now()});
  }
  std::string backup(const std::string& name) {
    const auto file = place.folder().file(name);
    service::create_backup(*realm, cause, {file, false, {}, {}});
    return file;
  }
  service::RestoreReport restore(const std::string& file, const std::string& url, bool replace,
                                 const base::Clock& by) {
    const auto settings = base::Settings::load([](const std::string&) { return std::nullopt; }, "", false);
    return service::restore_backup({file, url, {key, {}}, replace, false, settings, {}}, cause, by, random);
  }
  service::RestoreReport restore(const std::string& file, const std::string& url, bool replace = false) {
    return restore(file, url, replace, clock);
  }
  service::Realm open(const std::string& url) { return service::open_realm({url, key}, clock, random); }
  service::BackupVerification verify(const std::string& file) {
    return service::verify_backup({file, {key, {}}, place.url(), {}, {}}, cause, clock, random);
  }
  std::string kid_of(KeyUse use, KeyState state) {
    for (const auto& each : service::list_keys(*realm, use))
      if (each.row.state == state) return each.row.kid;
    FAIL("there is no such key");
    return {};
  }

  test::Place place;
  base::FixedClock clock{test::new_year};
  test::SeededRandom random;
  service::MasterKeySource key{place.folder().file("keys/master.key"), ""};
  service::Cause cause{"os:tester", "", "", "", false};
  std::optional<service::Realm> realm;
};

void check_sound(service::Realm& realm) {
  CHECK(store::check_store(realm.db()).problems.empty());
  CHECK(audit::verify_log(realm.db(),
                          {.sealer = &realm.sealer(), .public_key = {}, .checkpoint = {}, .progress = {}})
            .verdict == audit::LogVerdict::intact);
}

std::optional<ErrorCode> code_of(const std::function<void()>& work) {
  try {
    work();
  } catch (const base::Error& error) {
    return error.code();
  }
  return std::nullopt;
}

KeyState state_of(service::Realm& realm, const std::string& kid) {
  return store::KeyRepository(realm.db()).find(kid).value().state;
}

}  // namespace

TEST_CASE("a backup of any engine is brought back into any engine") {
  Site site(GENERATE(test::each_engine()));
  test::Place target(GENERATE(test::each_engine()));
  const auto file = site.backup("a.backup");
  CHECK(base::mode_of(file) == 0600);
  CHECK(site.verify(file).problems.empty());
  const auto signs = site.kid_of(KeyUse::jwt, KeyState::active);
  const auto report = site.restore(file, target.url());
  CHECK_FALSE(report.replaced);
  auto restored = site.open(target.url());
  check_sound(restored);
  CHECK(service::show_user(restored, "ann").email == "ann@example.com");
  CHECK(state_of(restored, signs) == KeyState::retiring);
  REQUIRE(report.aftermath.keys.size() == 2);
  for (const auto& made : report.aftermath.keys) CHECK(state_of(restored, made.kid) == KeyState::active);
  CHECK(code_of([&] { site.restore(file, target.url()); }) == ErrorCode::conflict);
  CHECK(site.restore(file, target.url(), true).replaced);
}

TEST_CASE("a key that is revoked while a backup is brought back is dead in the end") {
  const auto engine = GENERATE(test::each_engine());
  int steps = 0;
  for (int n = 1; n == 1 || n <= steps; ++n) {
    INFO("revoked when the clock is asked for the " << n << "th time");
    Site site(engine);
    const auto file = site.backup("a.backup");
    const auto kid = site.kid_of(KeyUse::jwt, KeyState::retiring);
    std::atomic<bool> revoked = false;
    std::thread other;
    BusyClock clock;
    // Another process: it gets to write before the store is held, or when that is over.
    clock.at(n, [&] {
      other = std::thread([&] {
        auto realm = site.open(site.place.url());
        service::revoke_key(realm, site.cause, kid);
        revoked = true;
      });
      for (int i = 0; i < 30 && !revoked; ++i) std::this_thread::sleep_for(10ms);
    });
    const auto report = site.restore(file, site.place.url(), true, clock);
    steps = clock.asked();
    REQUIRE(other.joinable());
    other.join();
    CHECK(report.replaced);
    REQUIRE(revoked);
    auto restored = site.open(site.place.url());
    CHECK(state_of(restored, kid) == KeyState::revoked);
    check_sound(restored);
  }
  CHECK(steps > 3);
}

TEST_CASE("a restore that fails leaves the store that it was to replace as it was") {
  Site site(GENERATE(test::each_engine()));
  const auto file = site.backup("a.backup");
  const std::string before = test::dump(site.realm->db());
  const auto bytes = base::read_file(file, 1 << 24);
  const auto cut = site.place.folder().file("cut.backup");
  base::write_private_file(cut, bytes.substr(0, bytes.size() - 1), base::IfExists::refuse);
  CHECK(code_of([&] { site.restore(cut, site.place.url(), true); }) == ErrorCode::unverified);
  struct Failing final : base::Clock {  // when the old store is held
    mutable int left = 2;
    base::Timestamp now() const override {
      if (left-- == 0) throw base::Error(ErrorCode::internal, "the clock stopped");
      return test::new_year;
    }
  } failing;
  CHECK(code_of([&] { site.restore(file, site.place.url(), true, failing); }) == ErrorCode::internal);
  CHECK(test::dump(site.realm->db()) == before);
  service::create_role(*site.realm, site.cause, {"later", "", {}});  // nobody holds it any more
}

namespace {

// What an earlier authctl would have made: the tables of its schema, and a header that says so.
std::string backup_of_schema(Site& site, int schema) {
  const auto old = store::create_sqlite_at(site.place.folder().file("old.db"), schema);
  auto& now = site.realm->db();
  for (const auto& table : store::tables_of(schema)) {
    store::TableWriter writer(*old, table);
    store::for_each_row(now, table, [&](const store::Rows& row) { writer.add(row); });
    writer.finish();
  }
  service::BackupHeader header;
  header.id = base::make_uuid7(site.random, base::to_unix_millis(site.clock.now()));
  header.created_at = site.clock.now();
  header.schema = schema;
  header.schema_digest = store::schema_digest(schema);
  header.store_id = std::string(base::text_of(store::find_meta(*old, "store_id").value()));
  const auto head = audit::read_head(*old);
  header.log_size = static_cast<std::int64_t>(head.frontier.size());
  header.note = head.note;
  header.public_key = audit::format_verifier_key(audit::read_verifier_key(*old).value());
  header.data_keys = store::list_data_keys(*old);
  const auto path = site.place.folder().file("old.backup");
  base::WholeFile file(path, base::IfExists::refuse);
  service::BackupWriter writer(file, header, site.realm->sealer());
  store::dump_store(
      *old, [&](base::ByteView bytes) { writer.write(bytes); }, [](std::int64_t) {});
  writer.finish();
  file.publish();
  return path;
}

}  // namespace

TEST_CASE("a backup of every earlier schema is brought back at the newest") {
  const int schema = GENERATE(range(1, store::newest_schema()));
  Site site(store::Engine::sqlite);
  const auto file = backup_of_schema(site, schema);
  CHECK(site.verify(file).problems.empty());
  test::Place target(GENERATE(test::each_engine()));
  const auto report = site.restore(file, target.url());
  CHECK(report.header.schema == schema);
  auto restored = site.open(target.url());
  CHECK(store::applied_version(restored.db()) == store::newest_schema());
  check_sound(restored);
  CHECK(service::show_user(restored, "ann").email == "ann@example.com");
  CHECK(state_of(restored, site.kid_of(KeyUse::jwt, KeyState::active)) == KeyState::retiring);
  CHECK(site.restore(file, site.place.url(), true).replaced);  // over the newer one too
}

TEST_CASE("a backup of a schema that this program does not know is refused and nothing is made") {
  Site site(store::Engine::sqlite);
  const auto file = site.backup("a.backup");
  auto bytes = base::read_file(file, 1 << 24);
  const std::string spelled = "\"schema\":" + std::to_string(store::newest_schema());
  const auto at = bytes.find(spelled);
  REQUIRE(at != std::string::npos);
  bytes.replace(at, spelled.size(), "\"schema\":99");
  const auto newer = site.place.folder().file("newer.backup");
  base::write_private_file(newer, bytes, base::IfExists::refuse);
  test::Place target(store::Engine::sqlite);
  CHECK(code_of([&] { site.restore(newer, target.url()); }) == ErrorCode::unavailable);
  CHECK(code_of([&] { site.verify(newer); }) == ErrorCode::unavailable);
  CHECK_FALSE(store::store_exists(target.url()));
}
