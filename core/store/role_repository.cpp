#include "core/store/role_repository.h"

#include <algorithm>

#include "core/base/error.h"
#include "core/base/text.h"
#include "core/store/field_sealer.h"

namespace authctl::store {
namespace {

using base::Error;
using base::ErrorCode;
using base::quote;

RoleRow read_role(const Database& db, const Rows& rows) {
  return {rows.string(0), rows.string(1), read_text(db, rows, 2, 5, description_place(rows.text(0))),
          rows.time(3), rows.time(4)};
}

// "did you mean" costs a scan, on the way to an error only.
std::string hint_for(Database& db, std::string_view typed) {
  std::vector<std::string> names;
  const auto rows = db.query("SELECT name FROM role ORDER BY name LIMIT 1000");
  while (rows->next()) names.push_back(rows->string(0));
  if (const auto name = base::nearest(typed, names)) return "did you mean " + quote(*name) + "?";
  return "authctl role list";
}

}  // namespace

std::optional<RoleRow> find_role(Database& db, std::string_view name) {
  const auto rows = db.query(
      "SELECT id, name, description, created_at, updated_at, sealed_description FROM role"
      " WHERE name = $1",
      {name});
  if (!rows->next()) return std::nullopt;
  return read_role(db, *rows);
}

RoleRow get_role(Database& db, std::string_view name) {
  if (auto role = find_role(db, name)) return *role;
  throw Error(ErrorCode::not_found, "role " + quote(name) + " does not exist", hint_for(db, name));
}

void insert_role(Database& db, const RoleRow& role) {
  const auto description = stored_text(db, role.description, description_place(role.id));
  const auto inserted = db.execute(
      "INSERT INTO role (id, name, description, created_at, updated_at, sealed_description) "
      "VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING",
      {role.id, role.name, description.clear, role.created_at, role.updated_at, description.sealed});
  if (inserted == 0)
    throw Error(ErrorCode::conflict, "role " + quote(role.name) + " exists",
                "authctl role show " + role.name);
}

void set_role_description(Database& db, std::string_view id, const std::optional<std::string>& description) {
  const auto stored = stored_text(db, description, description_place(id));
  db.execute("UPDATE role SET description = $2, sealed_description = $3 WHERE id = $1",
             {id, stored.clear, stored.sealed});
}

void touch_role(Database& db, std::string_view id, base::Timestamp now) {
  db.execute("UPDATE role SET updated_at = $2 WHERE id = $1", {id, now});
}

void delete_role(Database& db, std::string_view id) { db.execute("DELETE FROM role WHERE id = $1", {id}); }

bool insert_inheritance(Database& db, std::string_view role_id, std::string_view parent_id) {
  return db.execute(
             "INSERT INTO role_inheritance (role_id, parent_id) VALUES ($1, $2) ON CONFLICT DO NOTHING",
             {role_id, parent_id}) > 0;
}

bool delete_inheritance(Database& db, std::string_view role_id, std::string_view parent_id) {
  return db.execute("DELETE FROM role_inheritance WHERE role_id = $1 AND parent_id = $2",
                    {role_id, parent_id}) > 0;
}

std::vector<InheritanceRow> hierarchy_above(Database& db, std::string_view role_id) {
  const auto rows = db.query(
      "WITH RECURSIVE line (role_id, parent_id) AS ("
      " SELECT role_id, parent_id FROM role_inheritance WHERE role_id = $1"
      " UNION SELECT i.role_id, i.parent_id FROM line l JOIN role_inheritance i ON i.role_id = l.parent_id) "
      "SELECT l.role_id, r.name, l.parent_id, p.name FROM line l"
      " JOIN role r ON r.id = l.role_id JOIN role p ON p.id = l.parent_id",
      {role_id});
  std::vector<InheritanceRow> lines;
  while (rows->next()) lines.push_back({rows->string(0), rows->string(1), rows->string(2), rows->string(3)});
  return lines;
}

std::vector<RoleRow> heirs_of_role(Database& db, std::string_view role_id) {
  const auto rows = db.query(
      "SELECT r.id, r.name, r.description, r.created_at, r.updated_at, r.sealed_description"
      " FROM role_inheritance i"
      " JOIN role r ON r.id = i.role_id WHERE i.parent_id = $1 ORDER BY r.name",
      {role_id});
  std::vector<RoleRow> heirs;
  while (rows->next()) heirs.push_back(read_role(db, *rows));
  return heirs;
}

bool insert_grant(Database& db, std::string_view role_id, const GrantRow& grant, base::Timestamp now) {
  const auto all = spellings(db, permission_column, grant.permission);
  for (std::size_t i = 1; i < all.size(); ++i)
    if (db.query("SELECT 1 FROM role_grant WHERE role_id = $1 AND permission = $2 AND resource = $3",
                 {role_id, all[i], grant.resource})
            ->next())
      return false;
  const auto sealed = sealed_permission(db, {role_id, all[0], grant.resource}, grant.permission);
  return db.execute(
             "INSERT INTO role_grant (role_id, permission, resource, created_at, sealed_permission) "
             "VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING",
             {role_id, all[0], grant.resource, now, sealed}) > 0;
}

bool delete_grant(Database& db, std::string_view role_id, const GrantRow& grant) {
  std::int64_t gone = 0;
  for (const auto& permission : spellings(db, permission_column, grant.permission))
    gone += db.execute("DELETE FROM role_grant WHERE role_id = $1 AND permission = $2 AND resource = $3",
                       {role_id, permission, grant.resource});
  return gone > 0;
}

std::vector<GrantRow> grants_of_role(Database& db, std::string_view role_id) {
  const auto rows = db.query(
      "SELECT permission, resource, sealed_permission FROM role_grant WHERE role_id = $1"
      " ORDER BY permission, resource",
      {role_id});
  std::vector<GrantRow> grants;
  while (rows->next())
    grants.push_back({read_permission(db, *rows, 0, 2, role_id, rows->text(1)), rows->string(1)});
  if (db.fields()) std::ranges::sort(grants);  // tokens have another order
  return grants;
}

}  // namespace authctl::store
