// Roles: made, changed, granted to and taken away. Every function is one change: all of it happens, with an
// audit entry for each thing changed, or nothing does. Those that take a Change are for a change with more in
// it. Invariants: the hierarchy has no circle; no change leaves the store without an active holder of
// admin:all unless it is forced. What is there already is no change and leaves no entry; what is to be taken
// away must be there.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "core/service/change.h"
#include "core/store/role_repository.h"

namespace authctl::service {

struct RoleDraft {
  std::string name;
  std::string description;  // empty: none
  std::vector<std::string> inherits;
};

struct RoleUpdate {
  std::string name;
  std::optional<std::string> description;  // empty takes it away
  std::vector<std::string> inherits, no_inherits;
  bool force = false;
};

struct GrantRequest {
  std::string role;
  std::vector<std::string> permissions;
  std::string resource;  // --on; empty: every resource
  bool force = false;    // for revoke: even the last way to admin:all
};

// The role as it is afterwards, and what was there already, in words.
struct RoleOutcome {
  store::RoleView role;
  std::vector<std::string> notices;
};

// Error conflict where it exists, not_found for a role to inherit from.
store::RoleView create_role(Change& change, const RoleDraft& draft);
RoleOutcome update_role(Change& change, const RoleUpdate& update);
RoleOutcome grant_permissions(Change& change, const GrantRequest& request);
RoleOutcome revoke_permissions(Change& change, const GrantRequest& request);
// Error conflict where somebody holds it or a role inherits from it, unless `force`, which takes it from
// them.
store::RoleView delete_role(Change& change, const std::string& name, bool force);

store::RoleView create_role(Realm& realm, const Cause& cause, const RoleDraft& draft);
RoleOutcome update_role(Realm& realm, const Cause& cause, const RoleUpdate& update);
RoleOutcome grant_permissions(Realm& realm, const Cause& cause, const GrantRequest& request);
RoleOutcome revoke_permissions(Realm& realm, const Cause& cause, const GrantRequest& request);
store::RoleView delete_role(Realm& realm, const Cause& cause, const std::string& name, bool force);

store::RoleView show_role(Realm& realm, const std::string& name);
// Role after role in the order of their names, a page of the store at a time.
std::function<std::optional<store::RoleView>()> list_roles(Realm& realm);

// name description inherits[] permissions[{permission,resource}] members created_at
base::json::object role_json(const store::RoleView& role);

}  // namespace authctl::service
