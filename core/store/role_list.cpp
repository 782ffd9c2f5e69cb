// Roles with all that is told of them (core/store/role_repository.h): a page costs three statements, however
// many roles are on it.
#include <memory>
#include <unordered_map>

#include "core/store/role_repository.h"

namespace authctl::store {
namespace {

// Inheritance and grants of the roles whose names lie in first…last, put where they belong.
void add_details(Database& db, std::vector<RoleView>& roles) {
  if (roles.empty()) return;
  std::unordered_map<std::string_view, RoleView*> by_id;
  for (auto& role : roles) by_id.emplace(role.id, &role);
  const auto& first = roles.front().name;
  const auto& last = roles.back().name;
  const auto parents = db.query(
      "SELECT i.role_id, p.name FROM role r JOIN role_inheritance i ON i.role_id = r.id"
      " JOIN role p ON p.id = i.parent_id WHERE r.name >= $1 AND r.name <= $2 ORDER BY p.name",
      {first, last});
  while (parents->next())
    if (const auto role = by_id.find(parents->text(0)); role != by_id.end())
      role->second->inherits.push_back(parents->string(1));
  const auto grants = db.query(
      "SELECT g.role_id, g.permission, g.resource FROM role r JOIN role_grant g ON g.role_id = r.id"
      " WHERE r.name >= $1 AND r.name <= $2 ORDER BY g.role_id, g.permission, g.resource",
      {first, last});
  while (grants->next())
    if (const auto role = by_id.find(grants->text(0)); role != by_id.end())
      role->second->permissions.push_back({grants->string(1), grants->string(2)});
}

std::vector<RoleView> read_roles(Rows& rows) {
  std::vector<RoleView> roles;
  while (rows.next()) {
    auto& role = roles.emplace_back();
    role.id = rows.string(0);
    role.name = rows.string(1);
    role.description = rows.optional_string(2);
    role.created_at = rows.time(3);
    role.updated_at = rows.time(4);
    role.members = rows.integer(5);
  }
  return roles;
}

}  // namespace

RoleView view_role(Database& db, std::string_view name, base::Timestamp now) {
  const auto rows = db.query(
      "SELECT r.id, r.name, r.description, r.created_at, r.updated_at,"
      " (SELECT count(DISTINCT a.user_id) FROM role_assignment a WHERE a.role_id = r.id"
      "  AND (a.expires_at IS NULL OR a.expires_at > $2)) FROM role r WHERE r.name = $1",
      {name, now});
  auto roles = read_roles(*rows);
  if (roles.empty()) static_cast<RoleRow&>(roles.emplace_back()) = get_role(db, name);  // tells what is wrong
  add_details(db, roles);
  return std::move(roles.front());
}

std::vector<RoleView> list_roles(Database& db, std::string_view after, std::int64_t limit,
                                 base::Timestamp now) {
  const auto rows = db.query(
      "SELECT r.id, r.name, r.description, r.created_at, r.updated_at,"
      " (SELECT count(DISTINCT a.user_id) FROM role_assignment a WHERE a.role_id = r.id"
      "  AND (a.expires_at IS NULL OR a.expires_at > $2)) FROM role r WHERE r.name > $1 ORDER BY r.name "
      "LIMIT $3",
      {after, now, limit});
  auto roles = read_roles(*rows);
  add_details(db, roles);
  return roles;
}

std::int64_t count_grants_above(Database& db, std::string_view role_id) {
  const auto rows = db.query(
      "WITH RECURSIVE line (role_id) AS (SELECT id FROM role WHERE id = $1"
      " UNION SELECT i.parent_id FROM line l JOIN role_inheritance i ON i.role_id = l.role_id) "
      "SELECT count(*) FROM line l JOIN role_grant g ON g.role_id = l.role_id",
      {role_id});
  return rows->next() ? rows->integer(0) : 0;
}

std::function<std::optional<GrantedRow>()> every_grant(Database& db) {
  struct Walk {
    std::unique_ptr<Rows> rows;
    bool more = false;
  };
  auto walk = std::make_shared<Walk>();
  walk->rows = db.query(
      "SELECT g.permission, g.resource, r.name FROM role_grant g JOIN role r ON r.id = g.role_id"
      " ORDER BY g.permission, g.resource, r.name");
  walk->more = walk->rows->next();
  return [walk]() -> std::optional<GrantedRow> {
    auto& rows = *walk->rows;
    if (!walk->more) return std::nullopt;
    GrantedRow grant{{rows.string(0), rows.string(1)}, {}};
    do {
      grant.roles.push_back(rows.string(2));
      walk->more = rows.next();
    } while (walk->more && rows.text(0) == grant.permission && rows.text(1) == grant.resource);
    return grant;
  };
}

}  // namespace authctl::store
