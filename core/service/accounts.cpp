#include "core/service/accounts.h"

#include "core/base/error.h"
#include "core/base/json_or_null.h"
#include "core/base/shell_word.h"
#include "core/base/text.h"
#include "core/credential/username.h"
#include "core/service/last_admin.h"
#include "core/service/role_assignments.h"
#include "core/service/sessions.h"
#include "core/store/one_time_repository.h"

namespace authctl::service {
namespace {

using base::Error;
using base::ErrorCode;
using store::UserStatus;

audit::Event event(const char* action, const store::UserRow& user, base::json::object detail = {}) {
  return {action, {"user", user.id, user.name}, audit::Outcome::success, std::move(detail)};
}

UserView view_again(Change& change, const std::string& id) {
  return view_user(change.realm(), store::get_user(change.db(), id));
}

store::UserRow row_of(Change& change, const UserDraft& draft) {
  store::UserRow row;
  row.id = base::make_uuid7(change.realm().random(), base::to_unix_millis(change.now()));
  row.name = credential::Username::parse(draft.name).text();
  if (!draft.email.empty()) row.email = credential::EmailAddress::parse(draft.email).text();
  row.status = draft.disabled ? UserStatus::disabled : UserStatus::active;
  row.created_at = row.updated_at = change.now();
  if (draft.carried) {
    row.password_hash = draft.carried->hash;
    row.password_scheme = draft.carried->scheme;
    row.password_changed_at = change.now();
    row.password_must_change = draft.must_change;
  }
  return row;
}

// The new name, where it is another than the one the user has.
std::optional<std::string> new_name(const store::UserRow& user, const UserUpdate& update) {
  if (!update.rename) return std::nullopt;
  auto name = credential::Username::parse(*update.rename).text();
  return name == user.name ? std::nullopt : std::optional(std::move(name));
}

// The new address, where it is another; inside, nothing where it is taken away.
std::optional<std::optional<std::string>> new_email(const store::UserRow& user, const UserUpdate& update) {
  if (!update.email) return std::nullopt;
  std::optional<std::string> email;
  if (!update.email->empty()) email = credential::EmailAddress::parse(*update.email).text();
  if (email == user.email) return std::nullopt;
  return std::optional<std::optional<std::string>>(std::in_place, std::move(email));
}

}  // namespace

store::UserRow record_user(Change& change, const UserDraft& draft) {
  auto row = row_of(change, draft);
  change.record(event("user.create", row,
                      {{"status", store::word_of(row.status)},
                       {"email", base::or_null(row.email)},
                       {"scheme", base::or_null(row.password_scheme)}}));
  return row;
}

UserView create_user(Change& change, const UserDraft& draft) {
  const auto row = record_user(change, draft);
  store::insert_user(change.db(), row);
  if (!draft.roles.empty()) assign_roles(change, {row.id, draft.roles, "", "", false});
  return view_again(change, row.id);
}

UserView create_user(Realm& realm, const Cause& cause, UserDraft draft, const PasswordPolicy& policy) {
  const auto name = credential::Username::parse(draft.name).text();
  if (!draft.email.empty()) credential::EmailAddress::parse(draft.email);
  if (draft.password) {
    if (store::find_user(realm.db(), name))  // before the time of a hash is spent on it
      throw Error{ErrorCode::conflict, "user " + base::quote(name) + " is taken",
                  "authctl user show " + base::shell_word(name)};
    draft.carried =
        hash_new_password(*draft.password, {name, draft.email, "authctl", false}, policy, realm.random());
    draft.password.reset();
  }
  return change(realm, cause, [&](Change& c) { return create_user(c, draft); });
}

UserOutcome update_user(Change& change, const UserUpdate& update) {
  if (!update.email && !update.rename)
    throw Error{ErrorCode::usage, "there is nothing to change", "--email E or --rename NAME"};
  auto user = store::get_user(change.db(), update.user);
  const auto name = new_name(user, update);
  const auto email = new_email(user, update);
  if (!name && !email)
    return {view_again(change, user.id), {"user " + base::quote(user.name) + " is so already"}};
  const auto before = user;
  base::json::object detail;
  if (email) {
    store::set_user_email(change.db(), user, *email, change.now());
    detail["email"] = base::or_null(*email);
    detail["email_before"] = base::or_null(user.email);
    store::OneTimeRepository(change.db())
        .end_resets(user.id);  // who reads the old mailbox has no say any more
    user.email = *email;
  }
  if (name) {
    store::rename_user(change.db(), user, *name, change.now());
    detail["name"] = *name;
  }
  change.record(event("user.update", before, std::move(detail)));
  return {view_again(change, user.id), {}};
}

UserOutcome update_user(Realm& realm, const Cause& cause, const UserUpdate& update) {
  return change(realm, cause, [&](Change& c) { return update_user(c, update); });
}

UserOutcome disable_user(Change& change, const std::string& name, bool force) {
  const auto user = store::get_user(change.db(), name);
  if (user.status == UserStatus::disabled)
    return {view_again(change, user.id), {"user " + base::quote(user.name) + " is disabled already"}};
  const LastAdminInterlock interlock(change.db(), change.now(), force);
  store::set_user_status(change.db(), user.id, UserStatus::disabled, change.now());
  interlock.verify();
  sign_out_user(change, user.id, "user_disabled");
  change.record(event("user.disable", user));
  return {view_again(change, user.id), {}};
}

UserOutcome disable_user(Realm& realm, const Cause& cause, const std::string& user, bool force) {
  return change(realm, cause, [&](Change& c) { return disable_user(c, user, force); });
}

UserOutcome enable_user(Change& change, const std::string& name) {
  const auto user = store::get_user(change.db(), name);
  if (user.status == UserStatus::active)
    return {view_again(change, user.id), {"user " + base::quote(user.name) + " is active already"}};
  store::set_user_status(change.db(), user.id, UserStatus::active, change.now());
  // While it is disabled, tokens are refused as a disabled user's; those from before must not come back to
  // life.
  end_earlier_tokens(change, user.id);
  change.record(event("user.enable", user));
  return {view_again(change, user.id), {}};
}

UserOutcome enable_user(Realm& realm, const Cause& cause, const std::string& user) {
  return change(realm, cause, [&](Change& c) { return enable_user(c, user); });
}

UserView delete_user(Change& change, const std::string& name, bool force) {
  auto user = view_user(change.realm(), store::get_user(change.db(), name));
  const LastAdminInterlock interlock(change.db(), change.now(), force);
  store::delete_user(change.db(), user.id, change.now());
  interlock.verify();
  change.record(event("user.delete", user,
                      {{"email", base::or_null(user.email)},
                       {"roles", base::json::array(user.roles.begin(), user.roles.end())}}));
  return user;
}

UserView delete_user(Realm& realm, const Cause& cause, const std::string& user, bool force) {
  return change(realm, cause, [&](Change& c) { return delete_user(c, user, force); });
}

UserView show_user(Realm& realm, const std::string& user) {
  return view_user(realm, store::get_user(realm.db(), user));
}

}  // namespace authctl::service
