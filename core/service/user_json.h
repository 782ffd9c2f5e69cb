// A user as everybody sees it: the one place where its JSON is made, for --json and for HTTP alike.
// Invariant: nothing secret is in it; every member is always there, absent is null.
#pragma once
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/base/json.h"
#include "core/service/realm.h"
#include "core/store/user_repository.h"

namespace authctl::service {

struct UserView : store::UserRow {
  std::vector<std::string> roles;  // names, sorted
  bool totp = false;
  std::int64_t backup_codes_left = 0;
  std::int64_t failed_attempts = 0;
  std::optional<base::Timestamp> locked_until;
};

// With what hangs on them, in the same order: one statement for 64 users, whatever that is.
std::vector<UserView> view_users(Realm& realm, std::vector<store::UserRow> users);
UserView view_user(Realm& realm, store::UserRow user);

// id name email status roles[] mfa{totp,backup_codes_left} password{scheme,changed_at,must_change}
// failed_attempts locked_until created_at updated_at last_login_at
base::json::object user_json(const UserView& user);

}  // namespace authctl::service
