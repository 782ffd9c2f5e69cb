// Accounts as rows: found by name, e-mail or id, listed by keyset, written by services only.
// Invariant: a user's folded name and e-mail stand in user_identifier, where they are unique across both
// kinds; the functions here keep that table in step.
#pragma once
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/store/database.h"

namespace authctl::store {

enum class UserStatus { active, disabled };
std::string_view word_of(UserStatus status);
std::optional<UserStatus> user_status_from(std::string_view word);

struct UserRow {
  std::string id;
  std::string name;                  // folded
  std::optional<std::string> email;  // as it was given
  UserStatus status = UserStatus::active;
  std::optional<std::string> password_hash;
  std::optional<std::string> password_scheme;
  std::optional<base::Timestamp> password_changed_at;
  bool password_must_change = false;
  base::Timestamp tokens_valid_from{};  // tokens issued before it are revoked
  base::Timestamp created_at{};
  base::Timestamp updated_at{};
  std::optional<base::Timestamp> last_login_at;
};

// By id, else by name or e-mail (folded here). An id wins, and no account may take another's id for a name.
std::optional<UserRow> find_user(Database& db, std::string_view name_email_or_id);
// The same; Error not_found with a hint where there is none.
UserRow get_user(Database& db, std::string_view name_email_or_id);
std::optional<UserRow> find_user_by_id(Database& db, std::string_view id);

// Error conflict where the name or the e-mail (in either spelling) belongs to somebody.
void insert_user(Database& db, const UserRow& user);
// The same for many at once, all different, inside a transaction: all of them, or false and none where a name
// may be taken, or is more than a name; then insert_user() says which.
bool insert_free_users(Database& db, std::span<const UserRow> users);
void rename_user(Database& db, const UserRow& user, std::string_view name, base::Timestamp now);
void set_user_email(Database& db, const UserRow& user, const std::optional<std::string>& email,
                    base::Timestamp now);
void set_user_status(Database& db, std::string_view id, UserStatus status, base::Timestamp now);
// Earlier tokens end: tokens_valid_from moves to `now`.
void end_user_tokens(Database& db, std::string_view id, base::Timestamp now);

struct StoredPassword {
  std::string_view hash, scheme;
  bool must_change = false;
};
void set_user_password(Database& db, std::string_view id, const StoredPassword& password,
                       base::Timestamp now);
// The same password under another hash; nothing where it has been set anew since `before` was read.
bool replace_password_hash(Database& db, std::string_view id, std::string_view before, std::string_view hash,
                           std::string_view scheme);
void require_password_change(Database& db, std::string_view id, base::Timestamp now);
void note_user_login(Database& db, std::string_view id, base::Timestamp now);
// Takes everything with it that hangs on the user; tokens that were issued to it are revoked.
void delete_user(Database& db, std::string_view id, base::Timestamp now);

struct UserFilter {
  struct Role {
    std::string id;
    base::Timestamp held_at{};
  };
  std::optional<Role> role;
  std::optional<UserStatus> status;
  std::optional<std::string> scheme;
  std::optional<base::Timestamp> inactive_since;  // not signed in (nor made) after it
  bool without_mfa = false;                       // no second factor that was confirmed
  std::optional<std::string> match;               // a folded part of the name or e-mail
};
// At most `limit` users whose name comes after `after`, in the order of their names (bytes).
std::vector<UserRow> list_users(Database& db, const UserFilter& filter, std::string_view after,
                                std::int64_t limit);
std::int64_t count_users(Database& db);

// Names of the roles each of these users holds at `now`, without those that came to an end; one statement for
// up to 64 users.
std::map<std::string, std::vector<std::string>> roles_of_users(Database& db, std::span<const std::string> ids,
                                                               base::Timestamp now);

}  // namespace authctl::store
