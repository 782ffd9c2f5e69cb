#include "core/service/checkup.h"

#include <functional>
#include <set>
#include <sstream>
#include <utility>

#include "core/base/error.h"
#include "core/store/schema_server.sql.h"
#include "core/store/token_repository.h"
#include "tests/service/checkup_world.h"

namespace authctl::service {
namespace {
using namespace std::chrono_literals;
using std::filesystem::perms;
using test::WellKept;

struct Spoiled {
  const char* check;
  Severity severity;
  std::function<void(WellKept&)> spoil;
};

std::function<void(WellKept&)> with(const std::string& name, const std::string& value) {
  return [=](WellKept& w) { w.environment[name] = value; };
}
std::function<void(WellKept&)> opened(const std::string& name, perms mode) {
  return [=](WellKept& w) { w.mode(name, mode); };
}
std::function<void(WellKept&)> served(const std::vector<std::string>& options) {
  return [=](WellKept& w) { w.serve(options); };
}
std::function<void(WellKept&)> after(std::chrono::hours time) {
  return [=](WellKept& w) { w.clock().advance(time); };
}
std::function<void(WellKept&)> having_run(const char* sql) {
  return [=](WellKept& w) { w.db().run_script(sql); };
}

constexpr auto readable = perms::owner_read | perms::owner_write | perms::group_read | perms::others_read;
constexpr auto day = 24h;

// Takes back what the newest migration made.
void grow_older(WellKept& w) {
  std::istringstream words{std::string(store::schema_10)};
  std::string script;
  for (std::string word; words >> word;) {
    if (word != "CREATE") continue;
    std::string kind, name;
    words >> kind >> name;
    if (kind == "UNIQUE") kind = std::exchange(name, {});
    if (name.empty()) words >> name;
    script = "DROP " + kind + " IF EXISTS " + name + "; " + script;
  }
  const auto db = store::open_database("sqlite:" + w.store_file(), store::OpenMode::existing);
  db->run_script(script + "DELETE FROM schema_migration WHERE version = 10; PRAGMA user_version = 9");
}

void damage(WellKept& w) {
  if (w.db().engine() == store::Engine::sqlite)
    w.db().run_script(
        "PRAGMA foreign_keys = OFF; INSERT INTO role_inheritance (role_id, parent_id) VALUES ('a', 'b')");
  else
    w.db().run_script("ALTER TABLE role_inheritance ADD COLUMN more TEXT");
}

void leave_tokens(WellKept& w) {
  w.db().run_script("UPDATE crypto_key SET state = 'retiring', retires_at = 1 WHERE key_use = 'jwt'");
  const auto kid = list_keys(w.realm(), store::KeyUse::jwt).front().row.kid;
  store::IssuedToken token;
  token.jti = "j", token.kid = kid, token.type = "access";
  token.issued_at = w.clock().now(), token.expires_at = w.clock().now() + 1h;
  store::TokenRepository(w.db()).insert(token);
}

void add_weak_key(WellKept& w) {
  generate_key(w.realm(), w.cause(),
               {.use = store::KeyUse::jwt, .alg = "HS256", .bits = 0, .not_before = {}});
}

void hold_back_the_successor(WellKept& w) {
  const auto late = w.clock().now() + 365 * day;
  generate_key(w.realm(), w.cause(), {.use = store::KeyUse::jwt, .alg = "", .bits = 0, .not_before = late});
  w.clock().advance(28 * day);
}

void share_admin(WellKept& w) {
  for (const char* name : {"bob", "cid", "dan"}) {
    w.add_user(name);
    assign_roles(w.realm(), w.cause(), {name, {"admin"}, "", "", false});
  }
}

void give_one_much(WellKept& w) {
  for (const char* name : {"bob", "cid", "dan"}) w.add_user(name);
  w.add_role("staff", {"read:posts"}, {"bob", "cid", "dan"});
  w.add_role("extra", {"a:a"}, {"dan"});
}

void let_assignment_end(WellKept& w) {
  w.add_role("guest", {"read:posts"}, {});
  assign_roles(w.realm(), w.cause(), {"ann", {"guest"}, "1h", "", false});
  w.clock().advance(2h);
}

// Somebody with the file, and without the key.
void touch_log(WellKept& w) { w.db().run_script("UPDATE audit_entry SET actor = 'os:nobody' WHERE seq = 2"); }

const std::vector<Spoiled>& spoiled() {
  static const std::vector<Spoiled> table{
      {"store-mode", Severity::fail, opened("data/authctl.db", readable)},
      {"store-folder", Severity::fail, opened("data", perms::all)},
      {"master-key-mode", Severity::fail, opened("keys/master.key", readable)},
      {"master-key-folder", Severity::fail, opened("keys", perms::all)},
      {"master-key-place", Severity::warn,
       [](WellKept& w) { w.environment["AUTHCTL_MASTER_KEY_FILE"] = w.file("data/master.key"); }},
      {"settings-mode", Severity::fail, opened("authctl.toml", perms::all)},
      {"auth-log-mode", Severity::fail, opened("refused.log", readable)},
      {"store-schema", Severity::warn, grow_older},
      {"store-tls", Severity::fail, with("AUTHCTL_STORE", "postgresql://h/d?sslmode=require")},
      {"store-password", Severity::warn, with("AUTHCTL_STORE", "postgresql://u:p@h/d")},
      {"limits", Severity::fail, with("AUTHCTL_LIMIT_LOGIN", "1000/1s")},
      {"lockouts", Severity::fail, with("AUTHCTL_LOCKOUT_THRESHOLD", "50")},
      {"lockouts", Severity::fail, with("AUTHCTL_LOCKOUT_BASE", "0")},
      {"registration", Severity::warn, with("AUTHCTL_REGISTRATION", "on")},
      {"cors", Severity::fail, with("AUTHCTL_CORS_ORIGINS", "*")},
      {"issuer", Severity::fail, with("AUTHCTL_ISSUER", "http://auth.example.com")},
      {"session-length", Severity::warn, with("AUTHCTL_SESSION_MAX", "365d")},
      {"session-length", Severity::warn, with("AUTHCTL_REFRESH_TTL", "365d")},
      {"access-ttl", Severity::warn, with("AUTHCTL_ACCESS_TTL", "24h")},
      {"password-length", Severity::warn, with("AUTHCTL_PASSWORD_MIN_SINGLE", "8")},
      {"server-development", Severity::fail, served({"--dev"})},
      {"server-proxies", Severity::fail, served({"--behind-proxy", "0.0.0.0/0"})},
      {"server-plain", Severity::warn, served({"--listen=0.0.0.0:80", "--behind-proxy=10.0.0.1/32"})},
      {"server-secrets", Severity::fail, served({"--store", "postgresql://u:p@h/d"})},
      {"server-secrets", Severity::warn, [](WellKept& w) { w.serve({}, "PGPASSWORD=hunter2"); }},
      {"certificate-expiry", Severity::warn,
       [](WellKept& w) { w.clock().set(base::parse_timestamp("2109-01-01T00:00:00Z").value()); }},
      {"certificate-expiry", Severity::fail,
       [](WellKept& w) { w.clock().set(base::parse_timestamp("2109-01-16T00:00:00Z").value()); }},
      {"certificate-name", Severity::fail, with("AUTHCTL_ISSUER", "https://other.example.com")},
      {"store-soundness", Severity::fail, damage},
      {"clock", Severity::fail, [](WellKept& w) { w.clock().advance(-1h); }},
      {"key-active-jwt", Severity::fail, having_run("DELETE FROM crypto_key WHERE key_use = 'jwt'")},
      {"key-active-fernet", Severity::fail, having_run("DELETE FROM crypto_key WHERE key_use = 'fernet'")},
      {"key-age-jwt", Severity::warn, after(31 * day)},
      {"key-age-jwt", Severity::fail, after(61 * day)},
      {"key-age-fernet", Severity::warn, after(31 * day)},
      {"key-successor", Severity::warn, after(28 * day)},
      {"key-successor", Severity::warn, hold_back_the_successor},
      {"key-policy", Severity::warn, having_run("DELETE FROM store_meta WHERE name = 'key_policy.fernet'")},
      {"key-old", Severity::fail, leave_tokens},
      {"key-old", Severity::warn,
       having_run("UPDATE crypto_key SET state = 'retiring', retires_at = NULL WHERE key_use = 'fernet'")},
      {"key-algorithm", Severity::warn, add_weak_key},
      {"key-algorithm", Severity::warn,
       having_run("UPDATE crypto_key SET alg = 'RS256', bits = 2048 WHERE key_use = 'jwt'")},
      {"admin-exists", Severity::fail, having_run("DELETE FROM role_assignment")},
      {"admin-mfa", Severity::fail, having_run("DELETE FROM totp_enrolment")},
      {"admin-share", Severity::warn, share_admin},
      {"user-mfa", Severity::warn, [](WellKept& w) { w.add_user("bob", false); }},
      {"user-unused", Severity::warn, after(91 * day)},
      {"role-unused", Severity::warn, [](WellKept& w) { w.add_role("idle", {}, {}); }},
      {"assignment-ended", Severity::warn, let_assignment_end},
      {"grant-broad", Severity::warn, [](WellKept& w) { w.add_role("second", {"admin:all"}, {"ann"}); }},
      {"grant-broad", Severity::warn, [](WellKept& w) { w.add_role("second", {"*:write"}, {"ann"}); }},
      {"grant-broad", Severity::warn, [](WellKept& w) { w.add_role("second", {"admin:*"}, {"ann"}); }},
      {"grant-excess", Severity::warn, give_one_much},
      {"grant-unused", Severity::warn, after(91 * day)},
      {"password-scheme", Severity::warn, having_run("UPDATE user_account SET password_scheme = 'bcrypt'")},
      {"log-chain", Severity::fail, touch_log},
      {"log-checkpoint", Severity::warn, [](WellKept& w) { w.checkpoint.reset(); }},
      {"log-checkpoint", Severity::warn, after(8 * day)},
      {"log-checkpoint", Severity::fail, touch_log},
      {"backup-age", Severity::warn, after(8 * day)},
      {"backup-age", Severity::fail, after(31 * day)},
      {"backup-verified", Severity::warn, after(31 * day)},
      {"backup-mode", Severity::fail, opened("backup", readable)},
  };
  return table;
}

// A store in PostgreSQL is held against PostgreSQL's clock, which is not the one that stands still here.
bool cannot_be_well(store::Engine engine, std::string_view check) {
  return check == "store-tls" || (check == "clock" && engine == store::Engine::postgresql);
}

TEST_CASE("an installation that is kept by the book has nothing to report") {
  WellKept world(GENERATE(test::each_engine()));
  const auto report = world.look();
  CHECK(report.findings.size() == checks().size());
  for (const auto& finding : report.findings) {
    INFO(finding.id << ": " << finding.finding);
    if (!cannot_be_well(world.db().engine(), finding.id)) CHECK(finding.severity == Severity::ok);
  }
}

TEST_CASE("each check notices what it is there for, and says what to type") {
  const auto engine = GENERATE(test::each_engine());
  for (const auto& [check, severity, spoil] : spoiled()) {
    WellKept world(engine);
    spoil(world);
    const auto report = world.look(check);
    REQUIRE(report.findings.size() == 1);
    INFO(check << ": " << report.findings.front().finding);
    CHECK(report.findings.front().severity == severity);
    CHECK_FALSE(report.findings.front().hint.empty());
    CHECK(report.worst() == severity);
  }
}

TEST_CASE("there is no check that nothing makes fail, and there are at least 24") {
  std::set<std::string_view> noticed, all;
  for (const auto& row : spoiled()) noticed.insert(row.check);
  for (const auto& check : checks()) all.insert(check.id);
  CHECK(noticed == all);
  CHECK(all.size() == checks().size());
  CHECK(all.size() >= 24);
}

TEST_CASE("how to make the first admin is said with the role that there is") {
  WellKept world(GENERATE(test::each_engine()));
  world.db().run_script("DELETE FROM role_assignment");
  CHECK(world.look("admin-exists").findings.front().hint == "authctl role assign USER admin");
  world.db().run_script("UPDATE role SET name = 'The Keepers'");
  CHECK(world.look("admin-exists").findings.front().hint == "authctl role assign USER 'The Keepers'");
  world.db().run_script("DELETE FROM role_grant");
  CHECK(world.look("admin-exists").findings.front().hint.starts_with("authctl role create admin; "));
}

TEST_CASE("an assignment that has ended is cleared away with what the checkup says") {
  WellKept world(GENERATE(test::each_engine()));
  let_assignment_end(world);
  CHECK(world.look("assignment-ended").findings.front().hint.starts_with("authctl role unassign "));
  unassign_roles(world.realm(), world.cause(), {"ann", {"guest"}, "", "", false});
  CHECK(world.look("assignment-ended").worst() == Severity::ok);
}

TEST_CASE("a weak key is reported while it verifies, with what takes it out of use") {
  WellKept world(GENERATE(test::each_engine()));
  add_weak_key(world);
  CHECK(world.look("key-algorithm").findings.front().hint.starts_with("authctl key delete "));
  world.db().run_script("UPDATE crypto_key SET state = 'revoked' WHERE alg = 'ES256'");
  world.db().run_script("UPDATE crypto_key SET state = 'active' WHERE alg = 'HS256'");
  CHECK(world.look("key-algorithm").findings.front().hint == "authctl key rotate --use jwt --alg ES256");
  world.db().run_script("UPDATE crypto_key SET state = 'retiring', retires_at = NULL WHERE alg = 'HS256'");
  CHECK(world.look("key-algorithm").findings.front().hint.starts_with("authctl key revoke "));
  world.db().run_script("UPDATE crypto_key SET retires_at = 1 WHERE alg = 'HS256'");
  CHECK(world.look("key-algorithm").worst() == Severity::ok);
}

TEST_CASE("a role may hold admin:all, and a grant with a * is well where it names resources") {
  WellKept world(GENERATE(test::each_engine()));
  world.add_role("editor", {}, {"ann"});
  grant_permissions(world.realm(), world.cause(), {"editor", {"edit:*"}, "post/42", false});
  CHECK(world.look("grant-broad").worst() == Severity::ok);
  grant_permissions(world.realm(), world.cause(), {"editor", {"edit:*"}, "", false});
  CHECK(world.look("grant-broad").findings.front().finding.ends_with("1 grant (edit:* in editor)"));
}

TEST_CASE("a PostgreSQL that has to prove its name is well, and so is a hostile spelling not") {
  WellKept world(store::Engine::sqlite);
  world.environment["AUTHCTL_STORE"] = "postgresql://h/d?sslrootcert=f&sslmode=verify-full";
  CHECK(world.look("store-tls").worst() == Severity::ok);
  CHECK(world.look("store-tls").findings.front().severity == Severity::ok);
  for (const char* url : {"postgresql://h/d?application_name=sslmode%3Dverify-full",
                          "postgresql://h/d?application_name=sslmode=verify-full",
                          "postgresql://h/d?hostaddr=192.0.2.1", "postgresql:///d?host=/run/postgresql,h",
                          "postgresql:///d?service=prod", "postgresql://h/d?sslmode=verify-ca"}) {
    world.environment["AUTHCTL_STORE"] = url;
    INFO(url);
    CHECK(world.look("store-tls").worst() == Severity::fail);
  }
  world.environment["AUTHCTL_STORE"] = "postgresql:///d?host=/run/postgresql";
  CHECK(world.look("store-tls").worst() == Severity::ok);
  ::setenv("PGSSLMODE", "verify-full", 1);
  world.environment["AUTHCTL_STORE"] = "postgresql://h/d";
  CHECK(world.look("store-tls").worst() == Severity::ok);
  world.environment["AUTHCTL_STORE"] = "postgresql://h/d?sslmode=require";
  CHECK(world.look("store-tls").worst() == Severity::fail);
  ::unsetenv("PGSSLMODE");
}

TEST_CASE("a group is a name too, and a name that is none is refused with the nearest") {
  WellKept world(store::Engine::sqlite);
  for (const auto& finding : world.look("access").findings) CHECK(finding.group == "access");
  try {
    world.look("acess");
    FAIL("taken");
  } catch (const base::Error& error) {
    CHECK(error.code() == base::ErrorCode::usage);
    CHECK(error.hint() == "did you mean access?");
  }
}

TEST_CASE("what can be told without the store is told where it cannot be opened") {
  WellKept world(store::Engine::sqlite);
  const auto settings = base::Settings::load([](const std::string&) { return std::nullopt; }, "", false);
  CheckupRequest request{&settings, "", world.file("proc"), {}, ""};
  const auto report = run_checkup(request, world.clock().now(), []() -> Realm& {
    throw base::Error(base::ErrorCode::unavailable, "it is gone");
  });
  CHECK(report.failure.value().code() == base::ErrorCode::unavailable);
  CHECK(report.findings.size() > 10);
  for (const auto& finding : report.findings) CHECK(finding.group != "access");
}

TEST_CASE("a checkup writes nothing") {
  WellKept world(GENERATE(test::each_engine()));
  const auto before = test::dump(world.db());
  world.look();
  CHECK(test::dump(world.db()) == before);
}

}  // namespace
}  // namespace authctl::service
