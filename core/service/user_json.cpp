#include "core/service/user_json.h"

#include "core/base/json_or_null.h"
#include "core/store/factor_repository.h"
#include "core/store/lockout_repository.h"

namespace authctl::service {
namespace {

// A lock lasts at most its delay, also where the clock was set back since.
std::optional<base::Timestamp> lock_at(const store::CounterRow& row, base::Timestamp now) {
  if (!row.locked_until || *row.locked_until <= now) return std::nullopt;
  const auto& failed = row.state.last_failure_at;
  if (failed && *failed > now) return now + (*row.locked_until - *failed);
  return row.locked_until;
}

}  // namespace

std::vector<UserView> view_users(Realm& realm, std::vector<store::UserRow> users) {
  store::Database& db = realm.db();
  std::vector<std::string> ids;
  ids.reserve(users.size());
  for (const auto& user : users) ids.push_back(user.id);
  auto roles = store::roles_of_users(db, ids, realm.now());
  const auto counters = store::counters_of_users(db, ids);
  const auto factors = store::factors_of_users(db, ids);
  std::vector<UserView> views;
  views.reserve(users.size());
  for (auto& user : users) {
    UserView& view = views.emplace_back();
    static_cast<store::UserRow&>(view) = std::move(user);
    if (const auto held = roles.find(view.id); held != roles.end()) view.roles = std::move(held->second);
    if (const auto counted = counters.find(view.id); counted != counters.end()) {
      view.failed_attempts = counted->second.state.failed_attempts;
      view.locked_until = lock_at(counted->second, realm.by_clock());
    }
    if (const auto found = factors.find(view.id); found != factors.end()) {
      view.totp = found->second.totp;
      view.backup_codes_left = found->second.backup_codes_left;
    }
  }
  return views;
}

UserView view_user(Realm& realm, store::UserRow user) {
  std::vector<store::UserRow> one;
  one.push_back(std::move(user));
  return std::move(view_users(realm, std::move(one)).front());
}

base::json::object user_json(const UserView& user) {
  return {{"id", user.id},
          {"name", user.name},
          {"email", base::or_null(user.email)},
          {"status", store::word_of(user.status)},
          {"roles", base::json::array(user.roles.begin(), user.roles.end())},
          {"mfa", {{"totp", user.totp}, {"backup_codes_left", user.backup_codes_left}}},
          {"password",
           {{"scheme", base::or_null(user.password_scheme)},
            {"changed_at", base::or_null(user.password_changed_at)},
            {"must_change", user.password_must_change}}},
          {"failed_attempts", user.failed_attempts},
          {"locked_until", base::or_null(user.locked_until)},
          {"created_at", base::to_rfc3339(user.created_at)},
          {"updated_at", base::to_rfc3339(user.updated_at)},
          {"last_login_at", base::or_null(user.last_login_at)}};
}

}  // namespace authctl::service
