#include "core/service/policies.h"

#include <map>

#include "core/base/error.h"
#include "core/service/manifest.h"
#include "tests/service/key_world.h"
#include "tests/support/realms.h"

using namespace authctl;

namespace {

using Variables = std::map<std::string, std::string>;

base::Settings settings_of(const Variables& variables) {
  return base::Settings::load(
      [&](const std::string& name) {
        const auto found = variables.find(name);
        return found == variables.end() ? std::nullopt : std::optional(found->second);
      },
      "", false);
}

bool taken(const Variables& variables) {
  try {
    service::check_policies(settings_of(variables));
    return true;
  } catch (const base::Error& error) {
    CHECK(error.code() == base::ErrorCode::invalid);
    CHECK_FALSE(error.hint().empty());
    return false;
  }
}

Variables cost(const char* memory, const char* passes) {
  return {{"AUTHCTL_PASSWORD_MEMORY_KIB", memory}, {"AUTHCTL_PASSWORD_PASSES", passes}};
}

}  // namespace

TEST_CASE("no setting makes password hashes cheaper than is safe, or dearer than could be verified") {
  CHECK(taken({}));
  CHECK(taken(cost("19456", "2")));
  CHECK(taken(cost("47104", "1")));
  CHECK(taken(cost("1048576", "16")));
  CHECK_FALSE(taken(cost("19455", "2")));
  CHECK_FALSE(taken(cost("19456", "1")));
  CHECK_FALSE(taken(cost("8192", "16")));
  CHECK_FALSE(taken(cost("0", "3")));
  CHECK_FALSE(taken(cost("65536", "0")));
  CHECK_FALSE(taken(cost("1048577", "3")));
  CHECK_FALSE(taken(cost("65536", "17")));
  CHECK_FALSE(taken(cost("4295032832", "3")));  // 2^32 + 65536
}

TEST_CASE("no setting takes a password below eight characters, or waits for no failure at all") {
  CHECK_FALSE(taken({{"AUTHCTL_PASSWORD_MIN", "7"}}));
  CHECK_FALSE(taken({{"AUTHCTL_PASSWORD_MIN_SINGLE", "7"}}));
  CHECK_FALSE(taken({{"AUTHCTL_LOCKOUT_THRESHOLD", "0"}}));
  CHECK(taken({{"AUTHCTL_PASSWORD_MIN", "8"}, {"AUTHCTL_PASSWORD_MIN_SINGLE", "8"}}));
}

TEST_CASE("a manifest whose settings no command would take is refused before anything is kept") {
  const auto read = [](const std::string& settings) {
    return test::code_of([&] { service::parse_manifest("version: 1\nsettings: {" + settings + "}\n"); });
  };
  CHECK(read("password_memory_kib: 19456, password_passes: 1") == base::ErrorCode::invalid);
  CHECK(read("lockout_threshold: 0") == base::ErrorCode::invalid);
  CHECK_NOTHROW(
      service::parse_manifest("version: 1\nsettings: {password_memory_kib: 19456, password_passes: 2}\n"));
}
