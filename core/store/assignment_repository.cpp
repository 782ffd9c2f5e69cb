#include "core/store/assignment_repository.h"

#include "core/store/row_batch.h"

#include "core/store/field_sealer.h"
#include "core/store/value_list.h"

namespace authctl::store {
namespace {

constexpr std::string_view columns =
    "SELECT a.user_id, a.role_id, a.resource, a.expires_at, a.created_at, u.name, r.name, u.status"
    " FROM role_assignment a JOIN user_account u ON u.id = a.user_id JOIN role r ON r.id = a.role_id ";

std::string select_where(std::string_view condition) {
  return std::string(columns).append("WHERE ").append(condition);
}

AssignmentRow read_assignment(const Rows& rows) {
  return {rows.string(0), rows.string(1), rows.string(2), rows.optional_time(3),
          rows.time(4),   rows.string(5), rows.string(6), rows.text(7) == "active"};
}

std::vector<AssignmentRow> read_assignments(Rows& rows) {
  std::vector<AssignmentRow> assignments;
  while (rows.next()) assignments.push_back(read_assignment(rows));
  return assignments;
}

// Of a LEFT JOIN: null where there is no grant. The resource stands behind the permission.
std::optional<std::string> opened_permission(const Database& db, const Rows& row, int at, int sealed,
                                             int role_id) {
  if (row.is_null(at)) return std::nullopt;
  return read_permission(db, row, at, sealed, row.text(role_id), row.text(at + 1));
}

}  // namespace

std::optional<AssignmentRow> find_assignment(Database& db, std::string_view user_id, std::string_view role_id,
                                             std::string_view resource) {
  static const std::string sql = select_where("a.user_id = $1 AND a.role_id = $2 AND a.resource = $3");
  const auto rows = db.query(sql, {user_id, role_id, resource});
  if (!rows->next()) return std::nullopt;
  return read_assignment(*rows);
}

void put_assignment(Database& db, const AssignmentRow& assignment) { put_assignments(db, {&assignment, 1}); }

void put_assignments(Database& db, std::span<const AssignmentRow> assignments) {
  static const RowInsert insert(
      "INSERT INTO role_assignment (user_id, role_id, resource, expires_at, "
      "created_at)",
      5,
      "ON CONFLICT (user_id, role_id, resource) DO UPDATE SET expires_at = "
      "excluded.expires_at");
  RowBatch batch(db, insert, assignments.size());
  for (const auto& row : assignments)
    batch.add({row.user_id, row.role_id, row.resource, row.expires_at, row.created_at});
  batch.flush();
}

bool delete_assignment(Database& db, const AssignmentRow& assignment) {
  return db.execute("DELETE FROM role_assignment WHERE user_id = $1 AND role_id = $2 AND resource = $3",
                    {assignment.user_id, assignment.role_id, assignment.resource}) > 0;
}

std::vector<AssignmentRow> assignments_of_user(Database& db, std::string_view user_id) {
  static const std::string sql = select_where("a.user_id = $1 ORDER BY r.name, a.resource");
  return read_assignments(*db.query(sql, {user_id}));
}

void for_each_assignment(Database& db, std::span<const std::string> user_ids, base::Timestamp now,
                         const std::function<void(const HeldRole&)>& visit) {
  constexpr std::size_t at_once = 64;
  static const std::string sql = [] {
    std::string text =
        "SELECT a.user_id, r.name, a.resource, a.expires_at FROM role_assignment a JOIN role r ON r.id = "
        "a.role_id "
        "WHERE (a.expires_at IS NULL OR a.expires_at > $1) AND a.user_id IN (";
    for (std::size_t i = 0; i < at_once; ++i) text += (i ? ", $" : "$") + std::to_string(i + 2);
    return text + ")";
  }();
  for (std::size_t start = 0; start < user_ids.size(); start += at_once) {
    std::vector<Value> values{now};
    for (std::size_t i = 0; i < at_once; ++i)
      values.push_back(start + i < user_ids.size() ? Value(user_ids[start + i]) : Value(nullptr));
    const auto rows = db.query(sql, std::span<const Value>(values));
    while (rows->next()) visit({rows->string(0), rows->string(1), rows->string(2), rows->optional_time(3)});
  }
}

std::vector<AssignmentRow> assignments_of_role(Database& db, std::string_view role_id,
                                               const AssignmentPlace& after, std::int64_t limit,
                                               base::Timestamp now) {
  static const std::string sql = select_where(
      "a.role_id = $1 AND a.user_id >= $2 AND (a.user_id > $2 OR a.resource > $3)"
      " AND (a.expires_at IS NULL OR a.expires_at > $4) ORDER BY a.user_id, a.resource LIMIT $5");
  return read_assignments(*db.query(sql, {role_id, after.user_id, after.resource, now, limit}));
}

std::int64_t count_assignments_of_role(Database& db, std::string_view role_id, base::Timestamp now) {
  const auto rows = db.query(
      "SELECT count(*) FROM role_assignment WHERE role_id = $1 AND (expires_at IS NULL OR expires_at > $2)",
      {role_id, now});
  return rows->next() ? rows->integer(0) : 0;
}

bool anybody_holds(Database& db, std::span<const std::string> permissions, std::string_view except_user,
                   base::Timestamp now) {
  const auto texts = spellings(db, permission_column, permissions);
  std::vector<Value> values{now, except_user};
  const std::string sql =
      "WITH RECURSIVE holding (role_id) AS (SELECT role_id FROM role_grant WHERE resource = '' AND " +
      is_one_of("permission", texts, values) +
      " UNION SELECT i.role_id FROM holding h JOIN role_inheritance i ON i.parent_id = h.role_id) "
      "SELECT 1 FROM holding h JOIN role_assignment a ON a.role_id = h.role_id"
      " JOIN user_account u ON u.id = a.user_id WHERE a.resource = ''"
      " AND (a.expires_at IS NULL OR a.expires_at > $1) AND u.status = 'active' AND u.id <> $2 LIMIT 1";
  return db.query(sql, std::span<const Value>(values))->next();
}

std::vector<AccessRow> access_of_user(Database& db, std::string_view user_id, const AccessFilter& filter,
                                      base::Timestamp now) {
  std::vector<Value> values{user_id, now};
  std::string assigned = "WHERE user_id = $1 AND (expires_at IS NULL OR expires_at > $2)";
  std::string granted = "g.role_id = h.role_id";
  if (!filter.resources.empty()) assigned += " AND " + is_one_of("resource", filter.resources, values);
  const auto texts = spellings(db, permission_column, filter.permissions);
  if (!texts.empty()) granted += " AND " + is_one_of("g.permission", texts, values);
  if (!filter.resources.empty()) granted += " AND " + is_one_of("g.resource", filter.resources, values);
  // UNION keeps each line once, so that a diamond is walked once (and a circle, if there were one, ends).
  const std::string sql =
      "WITH RECURSIVE held (role_id, child_id, resource, expires_at) AS ("
      " SELECT role_id, '', resource, expires_at FROM role_assignment " +
      assigned +
      " UNION SELECT i.parent_id, i.role_id, '', NULL FROM held h JOIN role_inheritance i ON i.role_id = "
      "h.role_id) "
      "SELECT h.role_id, h.child_id, h.resource, h.expires_at, r.name, g.permission, g.resource, "
      "g.sealed_permission FROM held h JOIN role r ON r.id = h.role_id LEFT JOIN role_grant g ON " +
      granted;
  const auto rows = db.query(sql, std::span<const Value>(values));
  std::vector<AccessRow> steps;
  while (rows->next())
    steps.push_back({rows->string(0), rows->string(4), rows->string(1), rows->string(2),
                     rows->optional_time(3), opened_permission(db, *rows, 5, 7, 0),
                     rows->optional_string(6)});
  return steps;
}

std::vector<GrantingRow> roles_granting(Database& db, const AccessFilter& filter) {
  std::vector<Value> values;
  std::string fitting;
  const auto texts = spellings(db, permission_column, filter.permissions);
  if (!texts.empty()) fitting += " AND " + is_one_of("permission", texts, values);
  if (!filter.resources.empty()) fitting += " AND " + is_one_of("resource", filter.resources, values);
  const std::string sql =
      "WITH RECURSIVE fitting AS (SELECT role_id, permission, resource, sealed_permission FROM role_grant"
      " WHERE 1 = 1" +
      fitting +
      "), line (role_id, parent_id) AS (SELECT role_id, '' FROM fitting"
      " UNION SELECT i.role_id, i.parent_id FROM line l JOIN role_inheritance i ON i.parent_id = l.role_id) "
      "SELECT l.role_id, r.name, l.parent_id, f.permission, f.resource, f.sealed_permission FROM line l JOIN "
      "role r ON r.id = "
      "l.role_id"
      " LEFT JOIN fitting f ON f.role_id = l.role_id AND l.parent_id = ''";
  const auto rows = db.query(sql, std::span<const Value>(values));
  std::vector<GrantingRow> roles;
  while (rows->next())
    roles.push_back({rows->string(0), rows->string(1), rows->string(2), opened_permission(db, *rows, 3, 5, 0),
                     rows->optional_string(4)});
  return roles;
}

}  // namespace authctl::store
