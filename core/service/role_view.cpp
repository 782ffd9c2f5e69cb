// The rest of core/service/roles.h: each use case as a change of its own, and roles as they are shown.
#include "core/service/access_pattern.h"
#include "core/service/roles.h"

namespace authctl::service {

namespace {
constexpr std::int64_t roles_a_page = 250;
}

store::RoleView create_role(Realm& realm, const Cause& cause, const RoleDraft& draft) {
  return change(realm, cause, [&](Change& change) { return create_role(change, draft); });
}

RoleOutcome update_role(Realm& realm, const Cause& cause, const RoleUpdate& update) {
  return change(realm, cause, [&](Change& change) { return update_role(change, update); });
}

RoleOutcome grant_permissions(Realm& realm, const Cause& cause, const GrantRequest& request) {
  return change(realm, cause, [&](Change& change) { return grant_permissions(change, request); });
}

RoleOutcome revoke_permissions(Realm& realm, const Cause& cause, const GrantRequest& request) {
  return change(realm, cause, [&](Change& change) { return revoke_permissions(change, request); });
}

store::RoleView delete_role(Realm& realm, const Cause& cause, const std::string& name, bool force) {
  return change(realm, cause, [&](Change& change) { return delete_role(change, name, force); });
}

store::RoleView show_role(Realm& realm, const std::string& name) {
  return store::view_role(realm.db(), parse_role_name(name), realm.now());
}

std::function<std::optional<store::RoleView>()> list_roles(Realm& realm) {
  struct Walk {
    std::vector<store::RoleView> page;
    std::size_t at = 0;
    std::string after;
    bool done = false;
  };
  return [&realm, now = realm.now(), walk = std::make_shared<Walk>()]() -> std::optional<store::RoleView> {
    if (walk->at == walk->page.size() && !walk->done) {
      walk->page = store::list_roles(realm.db(), walk->after, roles_a_page, now);
      walk->at = 0;
      walk->done = walk->page.size() < static_cast<std::size_t>(roles_a_page);
      if (!walk->page.empty()) walk->after = walk->page.back().name;
    }
    if (walk->at == walk->page.size()) return std::nullopt;
    return std::move(walk->page[walk->at++]);
  };
}

base::json::object role_json(const store::RoleView& role) {
  base::json::array permissions;
  for (const auto& grant : role.permissions) {
    base::json::object entry{{"permission", grant.permission}, {"resource", nullptr}};
    if (!grant.resource.empty()) entry["resource"] = grant.resource;
    permissions.push_back(std::move(entry));
  }
  base::json::object json{{"name", role.name}, {"description", nullptr}};
  if (role.description) json["description"] = *role.description;
  json["inherits"] = base::json::array(role.inherits.begin(), role.inherits.end());
  json["permissions"] = std::move(permissions);
  json["members"] = role.members;
  json["created_at"] = base::to_rfc3339(role.created_at);
  return json;
}

}  // namespace authctl::service
