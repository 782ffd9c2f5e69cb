// Accounts: made, changed, shut, opened and taken away. Every function is one change: all of it happens, with
// an audit entry for each thing changed, or nothing does. Those that take a Change are for a change with more
// in it. Invariants: names and e-mails are one namespace, unique after folding; no change leaves the store
// without an active holder of admin:all unless it is forced. What is so already is no change and leaves no
// entry.
#pragma once
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "core/service/account_password.h"
#include "core/service/change.h"
#include "core/service/user_json.h"

namespace authctl::service {

struct UserDraft {
  std::string name;
  std::string email;               // empty: none
  std::vector<std::string> roles;  // names
  bool disabled = false;
  bool must_change = false;               // the password, at the next sign-in
  std::optional<base::Secret> password;   // judged and hashed before the change
  std::optional<HashedPassword> carried;  // or hashed elsewhere
};

struct UserUpdate {
  std::string user;                  // name, e-mail or id
  std::optional<std::string> email;  // empty takes it away
  std::optional<std::string> rename;
};

// The user as it is afterwards, and what was so already, in words.
struct UserOutcome {
  UserView user;
  std::vector<std::string> notices;
};

// Error conflict where the name or e-mail is taken, not_found for a role, invalid for a refused name or
// password.
UserView create_user(Realm& realm, const Cause& cause, UserDraft draft, const PasswordPolicy& policy);
UserView create_user(Change& change, const UserDraft& draft);  // its password is carried
// Records it; the caller puts the account into the store in the same change, with many others.
store::UserRow record_user(Change& change, const UserDraft& draft);

// Error usage where there is nothing to change.
UserOutcome update_user(Realm& realm, const Cause& cause, const UserUpdate& update);
UserOutcome update_user(Change& change, const UserUpdate& update);

// A disabled user's tokens are refused at once, and stay refused when it is enabled again.
// Error precondition for the last holder of admin:all unless `force`.
UserOutcome disable_user(Realm& realm, const Cause& cause, const std::string& user, bool force);
UserOutcome disable_user(Change& change, const std::string& user, bool force);
UserOutcome enable_user(Realm& realm, const Cause& cause, const std::string& user);
UserOutcome enable_user(Change& change, const std::string& user);

// The user as it was. Everything that hangs on it goes too; its tokens are revoked.
UserView delete_user(Realm& realm, const Cause& cause, const std::string& user, bool force);
UserView delete_user(Change& change, const std::string& user, bool force);

UserView show_user(Realm& realm, const std::string& user);

struct UserQuery {
  std::string role, status, scheme, match, after;  // empty: not asked for
  bool without_mfa = false;
  std::optional<base::Duration> inactive_for;
  std::optional<std::int64_t> limit;
};
// User after user in the order of their names, a page of the store at a time. Error invalid for a status or
// scheme that there is not, not_found for a role.
std::function<std::optional<UserView>()> list_users(Realm& realm, const UserQuery& query);

}  // namespace authctl::service
