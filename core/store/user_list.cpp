// The lists of core/store/user_repository.h: one statement for each combination of filters, so that none of
// them costs where it is not given.
#include <algorithm>
#include <array>

#include "core/store/user_repository.h"

namespace authctl::store {
namespace {

constexpr std::size_t users_a_statement = 64;

// SQL and its values, in the order of their placeholders.
class Predicates {
 public:
  explicit Predicates(std::string head) : sql_(std::move(head)) {}
  // `%` in `text` stands for the value's placeholder.
  void add(std::string_view text, Value value) {
    values_.push_back(value);
    sql_ += joined_ ? " AND " : " WHERE ";
    joined_ = true;
    for (const char c : text) c == '%' ? sql_ += "$" + std::to_string(values_.size()) : sql_ += c;
  }
  void end(std::string_view text, Value value) {
    values_.push_back(value);
    sql_ += std::string(text) + "$" + std::to_string(values_.size());
  }
  std::unique_ptr<Rows> run(Database& db) const { return db.query(sql_, std::span<const Value>(values_)); }

 private:
  std::string sql_;
  std::vector<Value> values_;
  bool joined_ = false;
};

}  // namespace

std::vector<UserRow> list_users(Database& db, const UserFilter& filter, std::string_view after,
                                std::int64_t limit) {
  Predicates query(
      "SELECT u.id, u.name, u.email, u.status, u.password_scheme, u.password_changed_at, "
      "u.password_must_change, u.tokens_valid_from, u.created_at, u.updated_at, u.last_login_at "
      "FROM user_account u");
  if (!after.empty()) query.add("u.name > %", after);
  if (filter.status) query.add("u.status = %", word_of(*filter.status));
  if (filter.scheme) query.add("u.password_scheme = %", *filter.scheme);
  if (filter.role_id)
    query.add("u.id IN (SELECT user_id FROM role_assignment WHERE role_id = %)", *filter.role_id);
  if (filter.inactive_since)
    query.add("COALESCE(u.last_login_at, u.created_at) <= %", *filter.inactive_since);
  // replace() means the same to both engines and takes every character literally.
  if (filter.match)
    query.add("u.id IN (SELECT user_id FROM user_identifier WHERE replace(value, %, '') <> value)",
              *filter.match);
  query.end(" ORDER BY u.name LIMIT ", limit);
  const auto rows = query.run(db);
  std::vector<UserRow> users;
  while (rows->next()) {
    UserRow& user = users.emplace_back();
    user.id = rows->string(0);
    user.name = rows->string(1);
    user.email = rows->optional_string(2);
    user.status = rows->text(3) == "active" ? UserStatus::active : UserStatus::disabled;
    user.password_scheme = rows->optional_string(4);
    user.password_changed_at = rows->optional_time(5);
    user.password_must_change = rows->boolean(6);
    user.tokens_valid_from = rows->time(7);
    user.created_at = rows->time(8);
    user.updated_at = rows->time(9);
    user.last_login_at = rows->optional_time(10);
  }
  return users;
}

std::map<std::string, std::vector<std::string>> roles_of_users(Database& db, std::span<const std::string> ids,
                                                               base::Timestamp now) {
  static const std::string sql = [] {
    std::string text =
        "SELECT a.user_id, r.name FROM role_assignment a JOIN role r ON r.id = a.role_id "
        "WHERE (a.expires_at IS NULL OR a.expires_at > $1) AND a.user_id IN (";
    for (std::size_t i = 0; i < users_a_statement; ++i) text += (i ? ", $" : "$") + std::to_string(i + 2);
    return text + ")";
  }();
  std::map<std::string, std::vector<std::string>> roles;
  for (std::size_t start = 0; start < ids.size(); start += users_a_statement) {
    std::vector<Value> values{now};
    for (std::size_t i = 0; i < users_a_statement; ++i)
      values.push_back(start + i < ids.size() ? Value(ids[start + i]) : Value(nullptr));
    const auto rows = db.query(sql, std::span<const Value>(values));
    while (rows->next()) roles[rows->string(0)].push_back(rows->string(1));
  }
  for (auto& [id, names] : roles) {  // one role may be held on several resources
    std::sort(names.begin(), names.end());
    names.erase(std::unique(names.begin(), names.end()), names.end());
  }
  return roles;
}

}  // namespace authctl::store
