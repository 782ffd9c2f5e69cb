#include "core/store/user_repository.h"

#include <algorithm>
#include <iterator>

#include "core/base/error.h"
#include "core/base/shell_word.h"
#include "core/base/text.h"
#include "core/store/field_sealer.h"
#include "core/store/row_batch.h"
#include "core/store/user_import.h"
#include "core/store/value_list.h"

namespace authctl::store {
namespace {

constexpr std::string_view columns =
    "u.id, u.name, u.email, u.status, u.password_hash, u.password_scheme, u.password_changed_at, "
    "u.password_must_change, u.tokens_valid_from, u.created_at, u.updated_at, u.last_login_at, "
    "u.sealed_email";

std::string select_user(std::string_view rest) {
  return "SELECT " + std::string(columns) + " FROM user_account u " + std::string(rest);
}

UserRow read_user(const Database& db, const Rows& rows) {
  UserRow user;
  user.id = rows.string(0);
  user.name = rows.string(1);
  user.email = read_text(db, rows, 2, 12, email_place(user.id));
  user.status = rows.text(3) == "active" ? UserStatus::active : UserStatus::disabled;
  user.password_hash = rows.optional_string(4);
  user.password_scheme = rows.optional_string(5);
  user.password_changed_at = rows.optional_time(6);
  user.password_must_change = rows.boolean(7);
  user.tokens_valid_from = rows.time(8);
  user.created_at = rows.time(9);
  user.updated_at = rows.time(10);
  user.last_login_at = rows.optional_time(11);
  return user;
}

std::optional<UserRow> first_user(Database& db, const std::string& sql, std::string_view value) {
  const auto rows = db.query(sql, {value});
  if (!rows->next()) return std::nullopt;
  return read_user(db, *rows);
}

constexpr std::string_view insert_account =
    "INSERT INTO user_account (id, name, email, status, password_hash, password_scheme, password_changed_at, "
    "password_must_change, tokens_valid_from, created_at, updated_at, last_login_at, sealed_email)";

// Half way through a conversion the unique index does not see that two spellings are one text.
bool stands_in_another_spelling(Database& db, std::string_view value) {
  if (!db.fields() || !db.fields()->is_mixed()) return false;
  const auto all = spellings(db, identifier_column, value);
  for (std::size_t i = 1; i < all.size(); ++i)
    if (db.query("SELECT 1 FROM user_identifier WHERE value = $1", {all[i]})->next()) return true;
  return false;
}

// Asked, and not tried and undone: a transaction that has outgrown the cache cannot undo a part of itself. An
// import that was killed early has left accounts without identifiers.
bool are_free(Database& db, std::span<const std::string> names, std::span<const std::string> emails) {
  std::vector<std::string> all(names.begin(), names.end());
  std::ranges::copy_if(emails, std::back_inserter(all), [](const auto& email) { return !email.empty(); });
  std::ranges::sort(all);
  if (std::ranges::adjacent_find(all) != all.end()) return false;
  if (all.empty()) return true;
  std::vector<Value> values;
  std::string sql = "SELECT 1 FROM user_identifier WHERE " + is_one_of("value", all, values);
  sql += " UNION ALL SELECT 1 FROM user_account WHERE " + is_one_of("name", names, values);
  return !db.query(sql + " LIMIT 1", values)->next();
}

void insert_identifier(Database& db, std::string_view value, std::string_view user_id, std::string_view kind,
                       base::Timestamp now) {
  const std::string written = spelling(db, identifier_column, value);
  const auto insert = [&] {
    return db.execute(
               "INSERT INTO user_identifier (value, user_id, kind) VALUES ($1, $2, $3) "
               "ON CONFLICT (value) DO NOTHING",
               {written, user_id, kind}) == 1;
  };
  const bool made = insert() || (release_identifier(db, value, now) && insert());
  if (!made || stands_in_another_spelling(db, value))
    throw base::Error{base::ErrorCode::conflict,
                      std::string(kind == "name" ? "user " : "e-mail ") + base::quote(value) + " is taken",
                      "authctl user list --match " + base::shell_word(value)};
}

constexpr std::size_t length_of_id = 36;  // RFC 9562 section 4

// An id is looked for first, so a name that is somebody's id would never be reached.
void refuse_id_of_another(Database& db, std::string_view name) {
  if (name.size() == length_of_id && find_user_by_id(db, name))
    throw base::Error{base::ErrorCode::conflict,
                      "user " + base::quote(name) + " is taken: it is an account's id",
                      "choose another name"};
}

void drop_identifier(Database& db, std::string_view user_id, std::string_view kind) {
  db.execute("DELETE FROM user_identifier WHERE user_id = $1 AND kind = $2", {user_id, kind});
}

}  // namespace

std::string_view word_of(UserStatus status) { return status == UserStatus::active ? "active" : "disabled"; }

std::optional<UserStatus> user_status_from(std::string_view word) {
  if (word == "active") return UserStatus::active;
  if (word == "disabled") return UserStatus::disabled;
  return std::nullopt;
}

std::optional<UserRow> find_user_by_id(Database& db, std::string_view id) {
  static const auto sql = select_user("WHERE u.id = $1 AND " + std::string(is_published));
  return first_user(db, sql, id);
}

std::optional<UserRow> find_user(Database& db, std::string_view name_email_or_id) {
  static const auto sql = select_user("JOIN user_identifier i ON i.user_id = u.id WHERE i.value = $1 AND " +
                                      std::string(is_published));
  if (!base::is_utf8(name_email_or_id) || name_email_or_id.find('\0') != std::string_view::npos)
    return std::nullopt;
  const auto folded = base::fold_ascii(name_email_or_id);
  if (auto user = find_user_by_id(db, folded)) return user;
  for (const auto& value : spellings(db, identifier_column, folded))
    if (auto user = first_user(db, sql, value)) return user;
  return std::nullopt;
}

UserRow get_user(Database& db, std::string_view name_email_or_id) {
  if (auto user = find_user(db, name_email_or_id)) return std::move(*user);
  throw base::Error{base::ErrorCode::not_found, "user " + base::quote(name_email_or_id) + " does not exist",
                    "authctl user list"};
}

void insert_user(Database& db, const UserRow& user) {
  refuse_id_of_another(db, user.name);
  const auto email = stored_text(db, user.email, email_place(user.id));
  // The identifiers refer to the account, so that stands first; a clash of names is found, and said, by them.
  static const std::string sql = std::string(insert_account) +
                                 " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) "
                                 "ON CONFLICT (name) DO NOTHING";
  const auto insert = [&] {
    return db.execute(sql, {user.id, user.name, email.clear, word_of(user.status), user.password_hash,
                            user.password_scheme, user.password_changed_at, user.password_must_change,
                            user.tokens_valid_from, user.created_at, user.updated_at, user.last_login_at,
                            email.sealed}) == 1;
  };
  if (!insert() && !(release_identifier(db, user.name, user.created_at) && insert()))
    throw base::Error{base::ErrorCode::conflict, "user " + base::quote(user.name) + " is taken",
                      "authctl user show " + base::shell_word(user.name)};
  insert_identifier(db, user.name, user.id, "name", user.created_at);
  if (!user.email) return;
  const auto folded = base::fold_ascii(*user.email);
  if (folded != user.name) insert_identifier(db, folded, user.id, "email", user.created_at);
}

bool insert_free_users(Database& db, std::span<const UserRow> users) {
  if (db.fields()) return false;  // each text has spellings to be looked for
  static const RowInsert accounts(insert_account, 13);
  static const RowInsert identifiers("INSERT INTO user_identifier (value, user_id, kind)", 3);
  std::vector<std::string> names, emails;  // the e-mail is empty where there is none but the name
  for (const auto& user : users) {
    if (user.name.size() == length_of_id) return false;
    names.push_back(user.name);
    auto email = base::fold_ascii(user.email.value_or(""));
    emails.push_back(email == user.name ? "" : std::move(email));
  }
  if (!are_free(db, names, emails)) return false;
  RowBatch made(db, accounts, users.size()), found_by(db, identifiers, 2 * users.size());
  for (const auto& user : users)
    made.add({user.id, user.name, user.email, word_of(user.status), user.password_hash, user.password_scheme,
              user.password_changed_at, user.password_must_change, user.tokens_valid_from, user.created_at,
              user.updated_at, user.last_login_at, nullptr});
  made.flush();  // the identifiers refer to them
  for (std::size_t i = 0; i < users.size(); ++i) {
    found_by.add({names[i], users[i].id, "name"});
    if (!emails[i].empty()) found_by.add({emails[i], users[i].id, "email"});
  }
  found_by.flush();
  return true;
}

void rename_user(Database& db, const UserRow& user, std::string_view name, base::Timestamp now) {
  refuse_id_of_another(db, name);
  release_identifier(db, name, now);
  drop_identifier(db, user.id, "name");
  // Where the old name was also the address, it goes on as the address; where the new one is, it stands once.
  const auto folded = user.email ? base::fold_ascii(*user.email) : std::string();
  if (!folded.empty()) drop_identifier(db, user.id, "email");
  insert_identifier(db, name, user.id, "name", now);
  if (!folded.empty() && folded != name) insert_identifier(db, folded, user.id, "email", now);
  db.execute("UPDATE user_account SET name = $2, updated_at = $3 WHERE id = $1", {user.id, name, now});
}

void set_user_email(Database& db, const UserRow& user, const std::optional<std::string>& email,
                    base::Timestamp now) {
  drop_identifier(db, user.id, "email");
  if (email) {
    const auto folded = base::fold_ascii(*email);
    if (folded != user.name) insert_identifier(db, folded, user.id, "email", now);
  }
  const auto stored = stored_text(db, email, email_place(user.id));
  db.execute("UPDATE user_account SET email = $2, sealed_email = $4, updated_at = $3 WHERE id = $1",
             {user.id, stored.clear, now, stored.sealed});
}

void set_user_status(Database& db, std::string_view id, UserStatus status, base::Timestamp now) {
  db.execute("UPDATE user_account SET status = $2, updated_at = $3 WHERE id = $1",
             {id, word_of(status), now});
}

void end_user_tokens(Database& db, std::string_view id, base::Timestamp now) {
  db.execute("UPDATE user_account SET tokens_valid_from = $2, updated_at = $2 WHERE id = $1", {id, now});
}

void set_user_password(Database& db, std::string_view id, const StoredPassword& password,
                       base::Timestamp now) {
  db.execute(
      "UPDATE user_account SET password_hash = $2, password_scheme = $3, password_must_change = $4, "
      "password_changed_at = $5, updated_at = $5 WHERE id = $1",
      {id, password.hash, password.scheme, password.must_change, now});
}

bool replace_password_hash(Database& db, std::string_view id, std::string_view before, std::string_view hash,
                           std::string_view scheme) {
  return db.execute(
             "UPDATE user_account SET password_hash = $3, password_scheme = $4 WHERE id = $1 AND "
             "password_hash = $2",
             {id, before, hash, scheme}) == 1;
}

void require_password_change(Database& db, std::string_view id, base::Timestamp now) {
  db.execute("UPDATE user_account SET password_must_change = 1, updated_at = $2 WHERE id = $1", {id, now});
}

void note_user_login(Database& db, std::string_view id, base::Timestamp now) {
  db.execute("UPDATE user_account SET last_login_at = $2 WHERE id = $1", {id, now});
}

void delete_user(Database& db, std::string_view id, base::Timestamp now) {
  // What was issued names its user without a foreign key: it stays known until it expires, as revoked.
  db.execute("UPDATE issued_token SET revoked_at = $2 WHERE user_id = $1 AND revoked_at IS NULL", {id, now});
  db.execute("DELETE FROM user_account WHERE id = $1", {id});
}

std::int64_t count_users(Database& db) {
  const auto rows = db.query("SELECT COUNT(*) FROM user_account u WHERE " + std::string(is_published));
  rows->next();
  return rows->integer(0);
}

}  // namespace authctl::store
