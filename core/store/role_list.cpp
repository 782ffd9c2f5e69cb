// Roles with all that is told of them (core/store/role_repository.h): a page costs three statements, however
// many roles are on it.
#include <algorithm>
#include <map>
#include <memory>
#include <unordered_map>

#include "core/store/field_sealer.h"
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
      "SELECT g.role_id, g.permission, g.resource, g.sealed_permission FROM role r JOIN role_grant g ON "
      "g.role_id = r.id"
      " WHERE r.name >= $1 AND r.name <= $2 ORDER BY g.role_id, g.permission, g.resource",
      {first, last});
  while (grants->next())
    if (const auto role = by_id.find(grants->text(0)); role != by_id.end())
      role->second->permissions.push_back(
          {read_permission(db, *grants, 1, 3, grants->text(0), grants->text(2)), grants->string(2)});
  if (db.fields())
    for (auto& role : roles) std::ranges::sort(role.permissions);  // tokens have another order
}

std::vector<RoleView> read_roles(const Database& db, Rows& rows) {
  std::vector<RoleView> roles;
  while (rows.next()) {
    auto& role = roles.emplace_back();
    role.id = rows.string(0);
    role.name = rows.string(1);
    role.description = read_text(db, rows, 2, 6, description_place(role.id));
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
      "  AND (a.expires_at IS NULL OR a.expires_at > $2)), r.sealed_description FROM role r WHERE r.name = "
      "$1",
      {name, now});
  auto roles = read_roles(db, *rows);
  if (roles.empty()) static_cast<RoleRow&>(roles.emplace_back()) = get_role(db, name);  // tells what is wrong
  add_details(db, roles);
  return std::move(roles.front());
}

std::vector<RoleView> list_roles(Database& db, std::string_view after, std::int64_t limit,
                                 base::Timestamp now) {
  const auto rows = db.query(
      "SELECT r.id, r.name, r.description, r.created_at, r.updated_at,"
      " (SELECT count(DISTINCT a.user_id) FROM role_assignment a WHERE a.role_id = r.id"
      "  AND (a.expires_at IS NULL OR a.expires_at > $2)), r.sealed_description FROM role r WHERE r.name > "
      "$1 ORDER BY r.name "
      "LIMIT $3",
      {after, now, limit});
  auto roles = read_roles(db, *rows);
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

namespace {

// Tokens have no order: the distinct grants of a store, opened, are held in memory.
std::function<std::optional<GrantedRow>()> every_opened_grant(Database& db) {
  std::map<GrantRow, std::vector<std::string>> grants;
  const auto rows = db.query(
      "SELECT g.permission, g.resource, r.name, g.role_id, g.sealed_permission FROM role_grant g"
      " JOIN role r ON r.id = g.role_id ORDER BY r.name");
  while (rows->next())
    grants[{read_permission(db, *rows, 0, 4, rows->text(3), rows->text(1)), rows->string(1)}].push_back(
        rows->string(2));
  auto all = std::make_shared<std::map<GrantRow, std::vector<std::string>>>(std::move(grants));
  return [all, at = all->begin()]() mutable -> std::optional<GrantedRow> {
    if (at == all->end()) return std::nullopt;
    GrantedRow grant{at->first, at->second};
    ++at;
    return grant;
  };
}

}  // namespace

std::function<std::optional<GrantedRow>()> every_grant(Database& db) {
  if (db.fields()) return every_opened_grant(db);
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
