// An installation that is kept by the book, for the tests of `doctor`: each of them spoils one thing.
#pragma once
#include <map>

#include "core/base/file.h"
#include "core/service/audit_trail.h"
#include "core/service/checkup.h"
#include "core/service/keyring_rotation.h"
#include "core/service/role_assignments.h"
#include "core/service/roles.h"
#include "core/store/factor_repository.h"
#include "core/store/user_repository.h"
#include "tests/support/realms.h"

namespace authctl::test {

// For auth.example.com, until 2109-01-15T02:14:59Z; made here.
inline constexpr const char* certificate = R"(-----BEGIN CERTIFICATE-----
MIIBqjCCAVCgAwIBAgIUIKMfPq3ouaolyaesSfJWArecjQ8wCgYIKoZIzj0EAwIw
GzEZMBcGA1UEAwwQYXV0aC5leGFtcGxlLmNvbTAgFw0yNjExMjYwMjE0NTlaGA8y
MTA5MDExNTAyMTQ1OVowGzEZMBcGA1UEAwwQYXV0aC5leGFtcGxlLmNvbTBZMBMG
ByqGSM49AgEGCCqGSM49AwEHA0IABLvgatBnBqGzVxfI5JKNHWfln0jb0i26Klk2
jIT9iX3N2I1YMMqXpx1/3GyFQ6WJJ/48brDr6/D/3KYAP4TY7v2jcDBuMB0GA1Ud
DgQWBBSV8cTDiPpJOhXYSoOdUph09v85tTAfBgNVHSMEGDAWgBSV8cTDiPpJOhXY
SoOdUph09v85tTAPBgNVHRMBAf8EBTADAQH/MBsGA1UdEQQUMBKCEGF1dGguZXhh
bXBsZS5jb20wCgYIKoZIzj0EAwIDSAAwRQIgYdvzBbsTY3lR5kC7mM3cDnpwlZr8
fh8krLQleIOWxhoCIQD7sSV+tBddpv8BXGyfVaLNmNqSdvXNbvRw7Uhof0Ra7Q==
-----END CERTIFICATE-----
)";

class WellKept : public TestRealm {
 public:
  explicit WellKept(store::Engine engine) : TestRealm(engine) {
    make_files();
    make_people();
    for (const auto use : {store::KeyUse::jwt, store::KeyUse::fernet}) {
      service::generate_key(realm(), cause(), {.use = use, .alg = "", .bits = 0, .not_before = {}});
      service::change(realm(), cause(), [&](service::Change& change) {
        service::set_key_policy(change, use, service::KeyPolicy{std::chrono::hours(24 * 30), {}, ""});
      });
    }
    note("backup.finish", {"backup", "1", file("backup")});
    note("backup.verify", {"backup", "1", file("backup")});
    note("permission.check", {"user", ann, "ann"}, {{"permission", "admin:all"}, {"resource", nullptr}});
    checkpoint = service::audit_checkpoint(realm()).note;
  }

  std::string file(const std::string& name) const { return folder_.file(name); }
  std::string store_file() const { return file("data/authctl.db"); }
  void mode(const std::string& name, std::filesystem::perms perms) const {
    std::filesystem::permissions(file(name), perms);
  }
  // What the kernel shows of a server that was started so.
  void serve(const std::vector<std::string>& options, const std::string& variables = "HOME=/root") {
    std::string line("/usr/bin/authctl\0serve\0", 23);
    for (const auto& option : options) line += option + '\0';
    put("proc/42/cmdline", line);
    put("proc/42/environ", variables + '\0');
  }
  std::string add_user(const std::string& name, bool with_factor = true) {
    store::UserRow user;
    user.id = base::make_uuid7(random(), base::to_unix_millis(clock().now()));
    user.name = name;
    user.created_at = user.updated_at = clock().now();
    user.password_scheme = "argon2id";
    store::insert_user(db(), user);
    if (with_factor)
      store::put_totp(
          db(),
          {"totp-" + name, user.id, store::EnrolmentState::confirmed, {1}, "x", {}, {}, user.created_at, {}});
    return user.id;
  }
  void add_role(const std::string& role, const std::vector<std::string>& permissions,
                const std::vector<std::string>& users) {
    service::create_role(realm(), cause(), {role, "", {}});
    if (!permissions.empty()) service::grant_permissions(realm(), cause(), {role, permissions, "", false});
    for (const auto& user : users) service::assign_roles(realm(), cause(), {user, {role}, "", "", false});
  }
  void note(const std::string& action, const audit::Target& target, const base::json::object& detail = {}) {
    service::change(realm(), cause(), [&](service::Change& change) {
      change.record({action, target, audit::Outcome::success, detail});
    });
  }

  service::CheckupReport look(const std::string& only = "") {
    const auto settings = base::Settings::load(
        [this](const std::string& name) -> std::optional<std::string> {
          const auto found = environment.find(name);
          return found == environment.end() ? std::nullopt : std::optional(found->second);
        },
        "", false);
    service::CheckupRequest request{&settings, file("authctl.toml"), file("proc"), checkpoint, only};
    return service::run_checkup(request, clock().now(), [this]() -> service::Realm& { return realm(); });
  }

  std::map<std::string, std::string> environment;
  std::optional<std::string> checkpoint;
  std::string ann;

 private:
  void put(const std::string& name, const std::string& content) const {
    base::make_private_folder(std::filesystem::path(file(name)).parent_path());
    base::write_private_file(file(name), content, base::IfExists::replace);
  }
  void make_files() {
    environment = {{"AUTHCTL_STORE", "sqlite:" + store_file()},
                   {"AUTHCTL_MASTER_KEY_FILE", file("keys/master.key")},
                   {"AUTHCTL_ISSUER", "https://auth.example.com:8443/x"},
                   {"AUTHCTL_AUTH_LOG", file("refused.log")},
                   {"AUTHCTL_AUDIT_CHECKS", "all"}};
    base::make_private_folder(file("data"));
    store::open_database("sqlite:" + store_file(), store::OpenMode::create);
    for (const char* name : {"keys/master.key", "refused.log", "authctl.toml", "backup"}) put(name, "x");
    put("proc/42/cwd/cert.pem", certificate);
    serve({"--listen", "0.0.0.0:8443", "--tls-cert", "cert.pem", "--tls-key", "key.pem"});
  }
  void make_people() {
    ann = add_user("ann");
    add_role("admin", {"admin:all"}, {"ann"});
  }

  Folder folder_;
};

}  // namespace authctl::test
