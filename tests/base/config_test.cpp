#include "core/base/config.h"

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <map>

#include "core/base/error.h"
#include "core/base/url.h"
#include "tests/support/catch.h"
#include "tests/support/stores.h"

using namespace authctl;
using base::ErrorCode;
using base::Origin;
using base::Settings;

namespace {

using Variables = std::map<std::string, std::string>;

base::Environment over(Variables variables) {
  return [held = std::move(variables)](const std::string& name) -> std::optional<std::string> {
    const auto it = held.find(name);
    return it == held.end() ? std::nullopt : std::optional(it->second);
  };
}

struct File {
  explicit File(const std::string& content) : path(folder.file("settings.toml")) {
    std::ofstream(path) << content;
  }
  test::Folder folder;
  std::string path;
};

std::string first_problem(const std::string& content) {
  const auto problems = base::check_settings_file(File(content).path);
  if (problems.empty()) return "none";
  return std::to_string(problems[0].line) + ": " + problems[0].message +
         (problems[0].hint.empty() ? "" : " / " + problems[0].hint);
}

}  // namespace

TEST_CASE("every setting has a default that suits it, and a variable of its own name") {
  for (const auto& spec : base::setting_specs()) {
    INFO(spec.name);
    if (!spec.fallback.empty()) CHECK_FALSE(base::complaint_about(spec, spec.fallback));
    CHECK_FALSE(spec.about.empty());
    if (spec.environment.empty()) continue;
    std::string variable = "AUTHCTL_" + std::string(spec.name);
    for (char& c : variable) c = static_cast<char>(c >= 'a' && c <= 'z' ? c - 32 : c);
    CHECK(spec.environment == variable);
  }
}

TEST_CASE("settings come typed") {
  const auto settings = Settings::load(over({{"AUTHCTL_CORS_ORIGINS", "https://a.example, https://b.example"},
                                             {"AUTHCTL_REGISTRATION", "TRUE"},
                                             {"AUTHCTL_ACCESS_TTL", "90"}}),
                                       "", false);
  CHECK(settings.duration("access_ttl").count() == 90);
  CHECK(settings.duration("refresh_ttl").count() == 7 * 86400);
  CHECK(settings.integer("lockout_threshold") == 3);
  CHECK(settings.boolean("registration"));
  CHECK_FALSE(settings.boolean("password_classes"));
  CHECK(settings.list("cors_origins") == std::vector<std::string>{"https://a.example", "https://b.example"});
  CHECK(settings.get("access_ttl").where == "AUTHCTL_ACCESS_TTL");
}

TEST_CASE("a file may group settings in one level of tables") {
  const File file(
      "[limit]\nlogin = \"9/1h\"\n[password]\nmin = 10\nmin_single = 20\n[cors]\norigins = "
      "[\"https://a.example\"]\n");
  const auto settings = Settings::load(over({}), file.path, true);
  CHECK(settings.text("limit_login") == "9/1h");
  CHECK(settings.integer("password_min_single") == 20);
  CHECK(settings.list("cors_origins").size() == 1);
  CHECK(settings.get("limit_login").where == file.path + ":2");
  CHECK(settings.get("limit_login").origin == Origin::file);
}

TEST_CASE("what is wrong with a file is said with its line") {
  CHECK(first_problem("access_ttl = \"15m\"\n") == "none");
  CHECK(first_problem("\nlimits_login = \"5/1m\"\n")
            .starts_with("2: unknown setting \"limits_login\" / did you mean limit_login?"));
  CHECK(first_problem("access_ttl = \"soon\"\n").starts_with("1: access_ttl \"soon\" is no duration"));
  CHECK(first_problem("\ntimeout_head = \"0s\"\n").starts_with("2: timeout_head \"0s\" is no time at all"));
  CHECK(first_problem("jwks_max_age = \"0s\"\n") == "none");
  CHECK(first_problem("session_max = \"36525d\"\n") == "none");
  CHECK(first_problem("session_max = \"36526d\"\n").find("is longer than a hundred years") !=
        std::string::npos);
  CHECK(first_problem("access_ttl = 1.5\n").starts_with("1: access_ttl is of the wrong type"));
  CHECK(first_problem("access_ttl = [\"1m\"]\n").starts_with("1: access_ttl is of the wrong type"));
  CHECK(first_problem("lockout_threshold = -1\n")
            .starts_with("1: lockout_threshold \"-1\" is no whole number"));
  CHECK(first_problem("limit_login = \"0/1m\"\n").starts_with("1: limit_login \"0/1m\" is no limit"));
  CHECK(first_problem("registration = \"maybe\"\n")
            .starts_with("1: registration \"maybe\" is neither on nor off"));
  CHECK(first_problem("output = \"xml\"\n")
            .starts_with("1: output does not take \"xml\"; it takes table, json, jsonl"));
  CHECK(first_problem("[a.b]\nc = 1\n").starts_with("1: unknown setting"));
  CHECK(first_problem("access_ttl = \n").starts_with("1: is no TOML"));
  CHECK(first_problem("a = 1\na = 2\n").starts_with("2: is no TOML"));
  CHECK(first_problem("\xff\xfe").starts_with("1: holds a character beyond printable ASCII"));
  CHECK(first_problem("# caf\xc3\xa9\naccess_ttl = \"15m\"\n") == "none");
}

TEST_CASE("a file of settings with a mistake stops everything") {
  const File file("nonsense = 1\n");
  try {
    Settings::load(over({}), file.path, false);
    FAIL("not refused");
  } catch (const base::Error& error) {
    CHECK(error.code() == ErrorCode::invalid);
    CHECK(error.message().find("line 1: unknown setting \"nonsense\"") != std::string::npos);
  }
  CHECK_THROWS_AS(Settings::load(over({{"AUTHCTL_ACCESS_TTL", "x"}}), "", false), base::Error);
  CHECK_THROWS_AS(Settings::load(over({}), "/nowhere/settings.toml", true), base::Error);
  CHECK_NOTHROW(Settings::load(over({}), "/nowhere/settings.toml", false));
}

TEST_CASE("settings that everybody may write are not obeyed, for they name programs that are run") {
  const File file("access_ttl = \"5m\"\n");
  std::filesystem::permissions(file.path, std::filesystem::perms(0666));
  try {
    Settings::load(over({}), file.path, false);
    FAIL("not refused");
  } catch (const base::Error& error) {
    CHECK(error.code() == ErrorCode::unavailable);
  }
  std::filesystem::permissions(file.path, std::filesystem::perms(0664));
  CHECK_NOTHROW(Settings::load(over({}), file.path, false));
}

TEST_CASE("things lie in the XDG folders, for root in the system's") {
  const auto named = over({{"XDG_CONFIG_HOME", "/c"}, {"XDG_DATA_HOME", "/d"}, {"HOME", "/h"}});
  CHECK(base::default_config_file(named) == "/c/authctl/authctl.toml");
  CHECK(base::default_store_url(named) == "sqlite:/d/authctl/authctl.db");
  CHECK(base::default_master_key_file(named) == "/c/authctl/master.key");
  const auto home = over({{"HOME", "/h"}, {"XDG_DATA_HOME", "relative/is/ignored"}});
  const bool root = ::geteuid() == 0;
  CHECK(base::default_config_file(home) ==
        (root ? "/etc/authctl/authctl.toml" : "/h/.config/authctl/authctl.toml"));
  CHECK(base::default_store_url(home) ==
        (root ? "sqlite:/var/lib/authctl/authctl.db" : "sqlite:/h/.local/share/authctl/authctl.db"));
}

TEST_CASE("systemd's credential is the master key where it is there") {
  const test::Folder folder;
  const auto environment =
      over({{"CREDENTIALS_DIRECTORY", folder.path().string()}, {"XDG_CONFIG_HOME", "/c"}});
  CHECK(base::default_master_key_file(environment) == "/c/authctl/master.key");
  std::ofstream(folder.file("authctl-master-key")) << "key";
  CHECK(base::default_master_key_file(environment) == folder.file("authctl-master-key"));
}

TEST_CASE("a password in a URL is found and hidden wherever it stands") {
  const std::vector<std::pair<std::string, std::string>> with{
      {"postgresql://ann:pw@db/a", "postgresql://ann:***@db/a"},
      {"postgres://:pw@db", "postgres://:***@db"},
      {"redis://:p@w@host:6379", "redis://:***@host:6379"},
      {"postgresql://ann:p/w@db/a", "postgresql://ann:***@db/a"},
      {"postgresql://db/a?password=pw&x=1", "postgresql://db/a?password=***&x=1"},
      {"postgresql://db/a?x=1&PASSWORD=pw", "postgresql://db/a?x=1&PASSWORD=***"}};
  for (const auto& [url, shown] : with) {
    INFO(url);
    CHECK(base::holds_password(url));
    CHECK(base::without_password(url) == shown);
  }
  for (const std::string url :
       {"sqlite:/a:b@c.db", "postgresql://ann@db:5432/a", "postgresql://db:5432", "postgresql:///a", "",
        "postgresql://db/a?passfile=/x", "postgresql://ann:@db"}) {
    INFO(url);
    CHECK_FALSE(base::holds_password(url));
    CHECK(base::without_password(url) == url);
  }
}

TEST_CASE(
    "what a manifest stored holds where nobody says otherwise, and a value that does not suit is left out") {
  const auto environment = [](const std::string& name) -> std::optional<std::string> {
    if (name == "AUTHCTL_REFRESH_TTL") return "3d";
    return std::nullopt;
  };
  auto settings = Settings::load(environment, "", false);
  settings.set_stored("access_ttl", "7m");
  settings.set_stored("refresh_ttl", "1d");
  settings.set_stored("session_max", "soon");
  settings.set_stored("registration", "true");
  CHECK(settings.get("access_ttl").value == "7m");
  CHECK(word_of(settings.get("access_ttl").origin) == "manifest");
  CHECK(settings.get("refresh_ttl").value == "3d");
  CHECK(settings.get("session_max").origin == Origin::fallback);
  CHECK(settings.boolean("registration"));
  settings.set_flag("access_ttl", "5m", "--access-ttl");
  settings.set_stored("access_ttl", "8m");
  CHECK(settings.get("access_ttl").value == "5m");
}
