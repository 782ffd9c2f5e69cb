#include "core/store/review.h"

#include "core/store/user_import.h"

namespace authctl::store {
namespace {

constexpr int shown = 5;

// `from`: everything after FROM. The name comes last in the order, so that a list is the same every time.
Found find(Database& db, const std::string& name, const std::string& from, std::span<const Value> values) {
  Found found;
  const std::string rows_text = "SELECT DISTINCT " + name + " AS found_name FROM " + from;
  const auto count = db.query("SELECT COUNT(*) FROM (" + rows_text + ") AS found", values);
  if (count->next()) found.count = count->integer(0);
  const auto rows = db.query(rows_text + " ORDER BY found_name LIMIT " + std::to_string(shown), values);
  while (rows->next()) found.names.push_back(rows->string(0));
  return found;
}

Found find(Database& db, const std::string& name, const std::string& from, Values values) {
  return find(db, name, from, std::span<const Value>(values.begin(), values.size()));
}

const std::string active = "user_account u WHERE u.status = 'active' AND " + std::string(is_published);
constexpr const char* no_factor =
    " AND NOT EXISTS (SELECT 1 FROM totp_enrolment t WHERE t.user_id = u.id AND t.state = 'confirmed')";

}  // namespace

Found active_users(Database& db) { return find(db, "u.name", active, {}); }

Found users_without_factor(Database& db) { return find(db, "u.name", active + no_factor, {}); }

Found users_unseen(Database& db, base::Timestamp since) {
  return find(db, "u.name", active + " AND COALESCE(u.last_login_at, u.created_at) <= $1", {since});
}

Found users_with_other_scheme(Database& db, std::string_view scheme) {
  return find(db, "u.name", active + " AND u.password_scheme IS NOT NULL AND u.password_scheme <> $1",
              {scheme});
}

Found roles_without_holder(Database& db, base::Timestamp now) {
  return find(db, "r.name",
              "role r WHERE NOT EXISTS (SELECT 1 FROM role_assignment a WHERE a.role_id = r.id AND "
              "(a.expires_at IS NULL OR a.expires_at > $1)) AND NOT EXISTS "
              "(SELECT 1 FROM role_inheritance h WHERE h.parent_id = r.id)",
              {now});
}

Found ended_assignments(Database& db, base::Timestamp now) {
  return find(db,
              "r.name || ' of ' || u.name || CASE WHEN a.resource = '' THEN '' ELSE ' on ' || a.resource END",
              "role_assignment a JOIN role r ON r.id = a.role_id JOIN user_account u ON u.id = a.user_id "
              "WHERE a.expires_at <= $1",
              {now});
}

Found holders_of(Database& db, std::span<const std::string> permissions, base::Timestamp now,
                 bool without_factor) {
  std::string listed;
  std::vector<Value> values{now};
  for (const auto& permission : permissions) {
    values.emplace_back(permission);
    listed += (listed.empty() ? "$" : ", $") + std::to_string(values.size());
  }
  const std::string from =
      "(WITH RECURSIVE reach(role_id) AS (SELECT role_id FROM role_grant WHERE resource = '' AND "
      "permission IN (" +
      listed +
      ") UNION SELECT h.role_id FROM role_inheritance h JOIN reach ON h.parent_id = reach.role_id) "
      "SELECT a.user_id FROM reach JOIN role_assignment a ON a.role_id = reach.role_id AND a.resource = '' "
      "AND (a.expires_at IS NULL OR a.expires_at > $1)) AS holder JOIN user_account u ON u.id = "
      "holder.user_id "
      "WHERE u.status = 'active' AND " +
      std::string(is_published);
  return find(db, "u.name", from + (without_factor ? no_factor : ""), std::span<const Value>(values));
}

std::vector<Holding> live_holdings(Database& db, base::Timestamp now) {
  const auto rows = db.query(
      "SELECT u.name, r.name FROM role_assignment a JOIN role r ON r.id = a.role_id JOIN user_account u "
      "ON u.id = a.user_id WHERE u.status = 'active' AND (a.expires_at IS NULL OR a.expires_at > $1)",
      {now});
  std::vector<Holding> holdings;
  while (rows->next()) holdings.push_back({rows->string(0), rows->string(1)});
  return holdings;
}

}  // namespace authctl::store
