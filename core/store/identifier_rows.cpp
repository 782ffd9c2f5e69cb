#include "core/store/identifier_rows.h"

#include <vector>

#include "core/base/text.h"

namespace authctl::store {
namespace {

constexpr std::int64_t rows_a_page = 32;

std::int64_t number(Database& db, std::string_view sql) {
  const auto rows = db.query(sql);
  return rows->next() ? rows->integer(0) : 0;
}

struct User {
  std::string id, name;
  std::optional<std::string> email;
  bool stale_email = false;
};

struct Role {
  std::string id;
  std::optional<std::string> description;
  bool stale = false;
};

struct Grant {
  std::string permission, resource, text;
  bool stale = false;
};

// The row of this kind that leads to the user, as it is written now. Gives whether it was not.
bool spell(Database& db, const User& user, std::string_view kind, std::string_view text) {
  return db.execute("UPDATE user_identifier SET value = $1 WHERE user_id = $2 AND kind = $3 AND value <> $1",
                    {spelling(db, identifier_column, text), user.id, kind}) > 0;
}

}  // namespace

IdentifierCounts count_clear_rows(Database& db) {
  return {number(db, "SELECT count(DISTINCT user_id) FROM user_identifier WHERE substr(value, 1, 1) <> '#'"),
          number(db, "SELECT count(*) FROM role WHERE description IS NOT NULL"),
          number(db, "SELECT count(*) FROM role_grant WHERE sealed_permission IS NULL")};
}

std::int64_t IdentifierRows::total() const {
  return number(db_, "SELECT count(*) FROM user_account") + number(db_, "SELECT count(*) FROM role");
}

bool IdentifierRows::step() {
  if (!users_done_) {
    if (step_users()) return true;
    users_done_ = true;
    last_.clear();
  }
  return step_roles();
}

bool IdentifierRows::is_stale(const Rows& row, int clear, int sealed, const crypto::Place& place) const {
  if (!row.is_null(clear)) return true;
  return !row.is_null(sealed) && !db_.fields()->sealer().is_current(row.blob(sealed), place);
}

bool IdentifierRows::step_users() {
  std::vector<User> page;
  {
    const auto rows =
        db_.query("SELECT id, name, email, sealed_email FROM user_account WHERE id > $1 ORDER BY id LIMIT $2",
                  {last_, rows_a_page});
    while (rows->next()) {
      User& user = page.emplace_back(User{rows->string(0), rows->string(1), {}, false});
      user.email = read_text(db_, *rows, 2, 3, email_place(user.id));
      user.stale_email = is_stale(*rows, 2, 3, email_place(user.id));
    }
  }
  for (const auto& user : page) {
    bool changed = spell(db_, user, "name", user.name);
    if (user.email) changed |= spell(db_, user, "email", base::fold_ascii(*user.email));
    if (user.stale_email) {
      const auto stored = stored_text(db_, user.email, email_place(user.id));
      db_.execute("UPDATE user_account SET email = $2, sealed_email = $3 WHERE id = $1",
                  {user.id, stored.clear, stored.sealed});
      changed = true;
    }
    users_ += changed ? 1 : 0;
  }
  seen_ += static_cast<std::int64_t>(page.size());
  if (!page.empty()) last_ = page.back().id;
  return !page.empty();
}

bool IdentifierRows::step_roles() {
  std::vector<Role> page;
  {
    const auto rows =
        db_.query("SELECT id, description, sealed_description FROM role WHERE id > $1 ORDER BY id LIMIT $2",
                  {last_, rows_a_page});
    while (rows->next()) {
      Role& role = page.emplace_back(Role{rows->string(0), {}, false});
      role.description = read_text(db_, *rows, 1, 2, description_place(role.id));
      role.stale = is_stale(*rows, 1, 2, description_place(role.id));
    }
  }
  for (const auto& role : page) {
    if (role.stale) {
      const auto stored = stored_text(db_, role.description, description_place(role.id));
      db_.execute("UPDATE role SET description = $2, sealed_description = $3 WHERE id = $1",
                  {role.id, stored.clear, stored.sealed});
      ++roles_;
    }
    take_grants(role.id);
  }
  seen_ += static_cast<std::int64_t>(page.size());
  if (!page.empty()) last_ = page.back().id;
  return !page.empty();
}

void IdentifierRows::take_grants(const std::string& role_id) {
  std::vector<Grant> grants;
  {
    const auto rows = db_.query(
        "SELECT permission, resource, sealed_permission FROM role_grant WHERE role_id = $1", {role_id});
    while (rows->next()) {
      Grant& grant = grants.emplace_back(Grant{rows->string(0), rows->string(1), {}, true});
      grant.text = read_permission(db_, *rows, 0, 2, role_id, grant.resource);
      grant.stale = grant.permission != spelling(db_, permission_column, grant.text);
    }
  }
  for (const auto& grant : grants) {
    if (!grant.stale) continue;
    const auto token = spelling(db_, permission_column, grant.text);
    const auto sealed = sealed_permission(db_, {role_id, token, grant.resource}, grant.text);
    db_.execute(
        "UPDATE role_grant SET permission = $4, sealed_permission = $5"
        " WHERE role_id = $1 AND permission = $2 AND resource = $3",
        {role_id, grant.permission, grant.resource, token, sealed});
    ++grants_;
  }
}

}  // namespace authctl::store
