#include "commands/user_shape.h"

#include "core/base/error.h"

namespace authctl::commands {
namespace {

constexpr Field mfa_fields[] = {
    {"totp", FieldType::boolean, false, "whether TOTP is enrolled and confirmed", ""},
    {"backup_codes_left", FieldType::integer, false, "backup codes that were not used yet", ""},
};
constexpr Shape mfa_shape{"user mfa", "", mfa_fields};

constexpr Field password_fields[] = {
    {"scheme", FieldType::text, true, "of the stored hash, for example argon2id; null: no password", ""},
    {"changed_at", FieldType::time, true, "when it was set", ""},
    {"must_change", FieldType::boolean, false, "whether the next sign-in asks for a new one", ""},
};
constexpr Shape password_shape{"user password state", "", password_fields};

constexpr Field user_fields[] = {
    {"id", FieldType::text, false, "UUID, for good", ""},
    {"name", FieldType::text, false, "signs in; folded to lower case", "name"},
    {"email", FieldType::text, true, "signs in too; as it was given", "email"},
    {"status", FieldType::text, false, "active or disabled", "status"},
    {"roles", FieldType::strings, false, "names of the roles assigned now", "roles"},
    {"mfa", FieldType::object, false, "second factors", "", &mfa_shape},
    {"password", FieldType::object, false, "of the password, nothing secret", "", &password_shape},
    {"failed_attempts", FieldType::integer, false, "since the last sign-in", ""},
    {"locked_until", FieldType::time, true, "sign-in is refused until then", ""},
    {"created_at", FieldType::time, false, "when the account was made", "created"},
    {"updated_at", FieldType::time, false, "when it was changed last", ""},
    {"last_login_at", FieldType::time, true, "the last successful sign-in", "last login"},
};

std::uint32_t cost_setting(const base::Settings& settings, std::string_view name, std::uint64_t least,
                           std::uint64_t most) {
  const auto value = settings.integer(name);
  if (value < 0 || static_cast<std::uint64_t>(value) < least || static_cast<std::uint64_t>(value) > most)
    throw base::Error{base::ErrorCode::invalid,
                      "the setting " + std::string(name) + " is out of its range, " + std::to_string(least) +
                          " to " + std::to_string(most),
                      "authctl config show --origin"};
  return static_cast<std::uint32_t>(value);
}

}  // namespace

const Shape user_shape{"user", "id", user_fields};

service::PasswordPolicy password_policy(const base::Settings& settings) {
  using Ceilings = crypto::PasswordCeilings;
  service::PasswordPolicy policy;
  // SP 800-63B-4 section 3.1.1.2: never below 8.
  policy.rules.least = cost_setting(settings, "password_min", 8, crypto::longest_password);
  policy.rules.least_single = cost_setting(settings, "password_min_single", 8, crypto::longest_password);
  policy.rules.classes = settings.boolean("password_classes");
  policy.cost.memory_kib =
      cost_setting(settings, "password_memory_kib", 8 * 1024, Ceilings::argon2_memory_kib);
  policy.cost.passes = cost_setting(settings, "password_passes", 1, Ceilings::argon2_passes);
  return policy;
}

}  // namespace authctl::commands
