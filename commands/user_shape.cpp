#include "commands/user_shape.h"

#include "core/service/policies.h"

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

}  // namespace

const Shape user_shape{"user", "id", user_fields};

service::PasswordPolicy password_policy(const base::Settings& settings) {
  return service::password_policy(settings);
}

}  // namespace authctl::commands
