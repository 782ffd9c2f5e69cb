// Roles as rows: what they are called, what they inherit, what they are granted. Written by services only.
// Invariant: names are folded before they come here; an empty `resource` means every resource.
#pragma once
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/store/database.h"

namespace authctl::store {

struct RoleRow {
  std::string id;
  std::string name;
  std::optional<std::string> description;
  base::Timestamp created_at{};
  base::Timestamp updated_at{};
};

struct GrantRow {
  std::string permission, resource;
  auto operator<=>(const GrantRow&) const = default;
};

// A role with all that is told of it; `members` counts the users who hold it themselves at the time asked
// for.
struct RoleView : RoleRow {
  std::vector<std::string> inherits;  // names
  std::vector<GrantRow> permissions;
  std::int64_t members = 0;
};

// One line of the hierarchy: `role` inherits from `parent`.
struct InheritanceRow {
  std::string role_id, role_name, parent_id, parent_name;
};

std::optional<RoleRow> find_role(Database& db, std::string_view name);
// The same; Error not_found, with the nearest name as a hint, where there is none.
RoleRow get_role(Database& db, std::string_view name);
RoleView view_role(Database& db, std::string_view name, base::Timestamp now);
// At most `limit` roles whose name comes after `after`, in the order of their names; three statements.
std::vector<RoleView> list_roles(Database& db, std::string_view after, std::int64_t limit,
                                 base::Timestamp now);

// Error conflict where the name is taken.
void insert_role(Database& db, const RoleRow& role);
void set_role_description(Database& db, std::string_view id, const std::optional<std::string>& description);
void touch_role(Database& db, std::string_view id, base::Timestamp now);
// Its grants, assignments and inheritance go with it.
void delete_role(Database& db, std::string_view id);

// True where something changed.
bool insert_inheritance(Database& db, std::string_view role_id, std::string_view parent_id);
bool delete_inheritance(Database& db, std::string_view role_id, std::string_view parent_id);
// Every line of the hierarchy from this role on.
std::vector<InheritanceRow> hierarchy_above(Database& db, std::string_view role_id);
// The roles that inherit from it directly.
std::vector<RoleRow> heirs_of_role(Database& db, std::string_view role_id);

bool insert_grant(Database& db, std::string_view role_id, const GrantRow& grant, base::Timestamp now);
bool delete_grant(Database& db, std::string_view role_id, const GrantRow& grant);
std::vector<GrantRow> grants_of_role(Database& db, std::string_view role_id);

// How many grants the role has, with those that it inherits.
std::int64_t count_grants_above(Database& db, std::string_view role_id);

// Everything that any role is granted, in the order of permissions and resources, with the roles that hold
// it.
struct GrantedRow : GrantRow {
  std::vector<std::string> roles;
};
std::function<std::optional<GrantedRow>()> every_grant(Database& db);

}  // namespace authctl::store
