// The lookups that one permission check is made of, each of them a few steps in an index.
// Invariant: what they cost depends on the roles that a user reaches and on the texts looked for, never on
// how many users, roles or grants there are. They belong into one snapshot: told apart in time, they could
// tell of an access that nobody ever had.
#pragma once
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/store/database.h"

namespace authctl::store {

struct AccessUser {
  std::string id, name;
  bool active = true;
};
// By id, else by name or e-mail, as find_user() does.
std::optional<AccessUser> find_access_user(Database& db, std::string_view name_email_or_id);

// At most `most` pairs of a permission and a role that it is granted to, on whatever resource.
struct GrantedTo {
  std::string permission, role_id;
};
std::vector<GrantedTo> roles_granted(Database& db, std::span<const std::string> permissions,
                                     std::size_t most);

// One line from a live assignment up through the roles.
struct RoleLine {
  std::string role_id;
  std::string child_id;  // the role that inherits it; empty: it is assigned
  std::string resource;  // of the assignment
  std::optional<base::Timestamp> expires_at;
};
// `resources`: those of the assignments to look at; empty: every one.
std::vector<RoleLine> role_lines_of_user(Database& db, std::string_view user_id,
                                         std::span<const std::string> resources, base::Timestamp now);

struct RoleGrant {
  std::string role_id, permission, resource;
  auto operator<=>(const RoleGrant&) const = default;
};
// Sorted. Empty `permissions` or `resources`: every one.
std::vector<RoleGrant> grants_among(Database& db, std::span<const std::string> role_ids,
                                    std::span<const std::string> permissions,
                                    std::span<const std::string> resources);

// By role id.
std::map<std::string, std::string> role_names(Database& db, std::span<const std::string> role_ids);

}  // namespace authctl::store
