#include <boost/version.hpp>

#include "commands/build.h"
#include "commands/command.h"

namespace authctl::commands {
namespace {

constexpr Field library_fields[] = {
    {"openssl", FieldType::text, false, "OpenSSL: signatures, PEM, AES", ""},
    {"sodium", FieldType::text, false, "libsodium: sealing, Argon2id, Ed25519", ""},
    {"sqlite", FieldType::text, false, "SQLite: the default store", ""},
    {"boost", FieldType::text, false, "Boost: JSON", ""},
    {"cli11", FieldType::text, false, "CLI11: the command line", ""},
};
constexpr Shape library_shape{"libraries", "", library_fields};

constexpr Field fields[] = {
    {"version", FieldType::text, false, "of authctl", ""},
    {"commit", FieldType::text, true, "of the sources; null where they are no repository", ""},
    {"build", FieldType::text, false, "compiler and kind of build", ""},
    {"libraries", FieldType::object, false, "what it was built with", "", &library_shape},
};
constexpr Shape version_shape{"version", "version", fields};

std::string boost_version() {
  return std::to_string(BOOST_VERSION / 100000) + "." + std::to_string(BOOST_VERSION / 100 % 1000) + "." +
         std::to_string(BOOST_VERSION % 100);
}

Output run(Invocation&) {
  base::json::object data{{"version", version()},
                          {"commit", nullptr},
                          {"build", AUTHCTL_BUILD_KIND},
                          {"libraries",
                           {{"openssl", AUTHCTL_OPENSSL_VERSION},
                            {"sodium", AUTHCTL_SODIUM_VERSION},
                            {"sqlite", AUTHCTL_SQLITE_VERSION},
                            {"boost", boost_version()},
                            {"cli11", CLI11_VERSION}}}};
  if (constexpr std::string_view commit = AUTHCTL_COMMIT; !commit.empty()) data["commit"] = commit;
  return Output::one(version_shape, std::move(data));
}

}  // namespace

std::string_view version() { return AUTHCTL_VERSION; }

void declare_version(Noun& noun) {
  noun.alone(&version_shape,
             {.examples = {"authctl version", "authctl version --json"}, .opens_store = false}, run);
}

}  // namespace authctl::commands
