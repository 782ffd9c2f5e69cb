// The lists of core/store/user_repository.h: one statement for each combination of filters, so that none of
// them costs where it is not given.
#include <algorithm>
#include <array>

#include "core/base/text.h"
#include "core/store/field_sealer.h"
#include "core/store/user_import.h"
#include "core/store/user_repository.h"

namespace authctl::store {
namespace {

constexpr std::size_t users_a_statement = 64;
constexpr std::int64_t opened_page = 512;

// SQL and its values, in the order of their placeholders.
class Predicates {
 public:
  explicit Predicates(std::string head) : sql_(std::move(head)) {}
  // Each `%` in `text` stands for the placeholder of the next value.
  void add(std::string_view text, Values values) {
    sql_ += joined_ ? " AND " : " WHERE ";
    joined_ = true;
    auto value = values.begin();
    for (const char c : text) {
      if (c != '%') {
        sql_ += c;
        continue;
      }
      values_.push_back(*value++);
      sql_ += "$" + std::to_string(values_.size());
    }
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

// A filter that an index of its own answers is worth that index where few users pass it: they are looked up
// and sorted. Where many do, the walk along the names meets a page of them soon.
constexpr int few = 2000;

bool is_few(Database& db, std::string_view table_and_condition, Values values) {
  const auto rows = db.query("SELECT COUNT(*) FROM (SELECT 1 FROM " + std::string(table_and_condition) +
                                 " LIMIT " + std::to_string(few + 1) + ") AS found",
                             values);
  rows->next();
  return rows->integer(0) <= few;
}

void add_role(Database& db, Predicates& query, const UserFilter::Role& role) {
  const bool rare = is_few(db, "role_assignment WHERE role_id = $1", {role.id});
  query.add(rare ? "u.id IN (SELECT user_id FROM role_assignment WHERE role_id = % AND "
                   "(expires_at IS NULL OR expires_at > %))"
                 : "EXISTS (SELECT 1 FROM role_assignment a WHERE a.user_id = u.id AND a.role_id = % AND "
                   "(a.expires_at IS NULL OR a.expires_at > %))",
            {role.id, role.held_at});
}

void add_inactive(Database& db, Predicates& query, base::Timestamp since) {
  const bool rare = is_few(db, "user_account WHERE COALESCE(last_login_at, created_at) <= $1", {since});
  query.add(rare ? "u.id IN (SELECT id FROM user_account WHERE COALESCE(last_login_at, created_at) <= %)"
                 : "COALESCE(u.last_login_at, u.created_at) <= %",
            {since});
}

bool holds(const UserRow& user, std::string_view part) {
  return user.name.find(part) != std::string::npos ||
         (user.email && base::fold_ascii(*user.email).find(part) != std::string::npos);
}

// A part of a sealed address can be looked for nowhere but in the opened rows: page after page.
std::vector<UserRow> match_opened(Database& db, const UserFilter& filter, std::string_view after,
                                  std::int64_t limit) {
  UserFilter rest = filter;
  rest.match.reset();
  std::vector<UserRow> found;
  for (std::string last(after); static_cast<std::int64_t>(found.size()) < limit;) {
    auto page = list_users(db, rest, last, opened_page);
    if (page.empty()) break;
    last = page.back().name;
    for (auto& user : page)
      if (static_cast<std::int64_t>(found.size()) < limit && holds(user, *filter.match))
        found.push_back(std::move(user));
  }
  return found;
}

}  // namespace

std::vector<UserRow> list_users(Database& db, const UserFilter& filter, std::string_view after,
                                std::int64_t limit) {
  if (filter.match && db.fields()) return match_opened(db, filter, after, limit);
  Predicates query(
      "SELECT u.id, u.name, u.email, u.status, u.password_scheme, u.password_changed_at, "
      "u.password_must_change, u.tokens_valid_from, u.created_at, u.updated_at, u.last_login_at, "
      "u.sealed_email FROM user_account u");
  query.add(is_published, {});
  if (!after.empty()) query.add("u.name > %", {after});
  if (filter.status) query.add("u.status = %", {word_of(*filter.status)});
  if (filter.scheme) query.add("u.password_scheme = %", {*filter.scheme});
  if (filter.role) add_role(db, query, *filter.role);
  if (filter.inactive_since) add_inactive(db, query, *filter.inactive_since);
  if (filter.without_mfa)
    query.add("NOT EXISTS (SELECT 1 FROM totp_enrolment t WHERE t.user_id = u.id AND t.state = 'confirmed')",
              {});
  // replace() means the same to both engines and takes every character literally. It reads every identifier:
  // the one filter that costs what the store is large.
  if (filter.match)
    query.add("u.id IN (SELECT user_id FROM user_identifier WHERE replace(value, %, '') <> value)",
              {*filter.match});
  query.end(" ORDER BY u.name LIMIT ", limit);
  const auto rows = query.run(db);
  std::vector<UserRow> users;
  while (rows->next()) {
    UserRow& user = users.emplace_back();
    user.id = rows->string(0);
    user.name = rows->string(1);
    user.email = read_text(db, *rows, 2, 11, email_place(user.id));
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
