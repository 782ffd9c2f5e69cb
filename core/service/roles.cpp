#include "core/service/roles.h"

#include "core/base/error.h"
#include "core/base/text.h"
#include "core/service/access_engine.h"
#include "core/service/last_admin.h"
#include "core/service/role_assignments.h"

namespace authctl::service {
namespace {

using base::Error;
using base::ErrorCode;
using base::quote;
using base::json::object;
using store::RoleRow;

audit::Event role_event(const char* action, const RoleRow& role, object detail) {
  return {action, {"role", role.id, role.name}, audit::Outcome::success, std::move(detail)};
}

std::optional<std::string> checked_description(const std::string& text) {
  if (text.empty()) return std::nullopt;
  if (!base::is_utf8(text) || text.find('\0') != std::string::npos || base::count_code_points(text) > 1000)
    throw Error(ErrorCode::invalid, "a description is at most 1000 characters of UTF-8", "make it shorter");
  return text;
}

RoleGraph graph_above(store::Database& db, const RoleRow& role, const RoleRow& parent, std::size_t& from,
                      std::size_t& to) {
  RoleGraph graph;
  const auto place = [&](const std::string& name) {
    for (std::size_t i = 0; i < graph.roles.size(); ++i)
      if (graph.roles[i].name == name) return i;
    graph.roles.push_back({name, {}, {}});
    return graph.roles.size() - 1;
  };
  from = place(role.name);
  to = place(parent.name);
  for (const auto& line : store::hierarchy_above(db, parent.id)) {
    const auto child = place(line.role_name);
    const auto above = place(line.parent_name);
    graph.roles[child].parents.push_back(above);
  }
  return graph;
}

// Error precondition that names the circle.
void refuse_circle(store::Database& db, const RoleRow& role, const RoleRow& parent) {
  std::size_t from = 0, to = 0;
  const auto graph = graph_above(db, role, parent, from, to);
  const auto circle = circle_through(graph, from, to);
  if (circle.empty()) return;
  std::string names;
  for (const auto at : circle) names += (names.empty() ? "" : " -> ") + graph.roles[at].name;
  throw Error(ErrorCode::precondition, "inheritance would go round in a circle: " + names,
              "authctl role show " + role.name);
}

// True where the line was not there before.
bool inherit(Change& change, const RoleRow& role, const std::string& parent_name) {
  const auto parent = store::get_role(change.db(), parse_role_name(parent_name));
  refuse_circle(change.db(), role, parent);
  return store::insert_inheritance(change.db(), role.id, parent.id);
}

base::json::array to_array(const std::vector<std::string>& texts) {
  return base::json::array(texts.begin(), texts.end());
}

std::vector<store::GrantRow> checked_grants(const GrantRequest& request) {
  const auto resource = parse_resource_option(request.resource);
  std::vector<store::GrantRow> grants;
  for (const auto& text : request.permissions)
    grants.push_back({Permission(text).text(), resource ? resource->text() : ""});
  return grants;
}

std::string describe(const store::GrantRow& grant) {
  return grant.permission + (grant.resource.empty() ? "" : " on " + grant.resource);
}

object grant_detail(const store::GrantRow& grant) {
  object detail{{"permission", grant.permission}, {"resource", nullptr}};
  if (!grant.resource.empty()) detail["resource"] = grant.resource;
  return detail;
}

RoleOutcome outcome_of(Change& change, const std::string& name, std::vector<std::string> notices) {
  return {store::view_role(change.db(), name, change.now()), std::move(notices)};
}

// Takes the role from everybody who holds it, a page at a time.
void unassign_everybody(Change& change, const RoleRow& role) {
  for (;;) {
    const auto page = store::assignments_of_role(change.db(), role.id, {}, 500, change.now());
    if (page.empty()) return;
    for (const auto& assignment : page) remove_assignment(change, assignment);
  }
}

}  // namespace

store::RoleView create_role(Change& change, const RoleDraft& draft) {
  const RoleRow role{base::make_uuid7(change.realm().random(), base::to_unix_millis(change.now())),
                     parse_role_name(draft.name), checked_description(draft.description), change.now(),
                     change.now()};
  store::insert_role(change.db(), role);
  std::vector<std::string> parents;
  for (const auto& parent : draft.inherits)
    if (inherit(change, role, parent)) parents.push_back(parse_role_name(parent));
  object detail{{"description", nullptr}, {"inherits", to_array(parents)}};
  if (role.description) detail["description"] = *role.description;
  change.record(role_event("role.create", role, std::move(detail)));
  return store::view_role(change.db(), role.name, change.now());
}

RoleOutcome update_role(Change& change, const RoleUpdate& update) {
  if (!update.description && update.inherits.empty() && update.no_inherits.empty())
    throw Error(ErrorCode::usage, "there is nothing to change",
                "--description TEXT, --inherits ROLE or --no-inherits ROLE");
  auto& db = change.db();
  const auto role = store::get_role(db, parse_role_name(update.name));
  const LastAdminInterlock interlock(db, change.now(), update.force);
  object detail;
  if (update.description) {
    const auto description = checked_description(*update.description);
    if (description != role.description) {
      store::set_role_description(db, role.id, description);
      detail["description"] = description ? base::json::value(*description) : base::json::value(nullptr);
    }
  }
  std::vector<std::string> taken, added;
  for (const auto& name : update.no_inherits) {
    const auto parent = store::get_role(db, parse_role_name(name));
    if (!store::delete_inheritance(db, role.id, parent.id))
      throw Error(ErrorCode::not_found,
                  "role " + quote(role.name) + " does not inherit from " + quote(parent.name),
                  "authctl role show " + role.name);
    taken.push_back(parent.name);
  }
  for (const auto& name : update.inherits)
    if (inherit(change, role, name)) added.push_back(parse_role_name(name));
  if (!added.empty()) detail["inherits"] = to_array(added);
  if (!taken.empty()) detail["no_inherits"] = to_array(taken);
  if (detail.empty()) return outcome_of(change, role.name, {"role " + quote(role.name) + " is so already"});
  interlock.verify();
  store::touch_role(db, role.id, change.now());
  change.record(role_event("role.update", role, std::move(detail)));
  return outcome_of(change, role.name, {});
}

RoleOutcome grant_permissions(Change& change, const GrantRequest& request) {
  const auto grants = checked_grants(request);
  const auto role = store::get_role(change.db(), parse_role_name(request.role));
  std::vector<std::string> notices;
  for (const auto& grant : grants) {
    if (store::insert_grant(change.db(), role.id, grant, change.now()))
      change.record(role_event("role.grant", role, grant_detail(grant)));
    else
      notices.push_back("role " + quote(role.name) + " has " + describe(grant) + " already");
  }
  if (notices.size() < grants.size()) store::touch_role(change.db(), role.id, change.now());
  return outcome_of(change, role.name, std::move(notices));
}

RoleOutcome revoke_permissions(Change& change, const GrantRequest& request) {
  const auto grants = checked_grants(request);
  const auto role = store::get_role(change.db(), parse_role_name(request.role));
  const LastAdminInterlock interlock(change.db(), change.now(), request.force);
  for (const auto& grant : grants) {
    if (!store::delete_grant(change.db(), role.id, grant))
      throw Error(ErrorCode::not_found, "role " + quote(role.name) + " does not have " + describe(grant),
                  "authctl role show " + role.name);
    change.record(role_event("role.revoke", role, grant_detail(grant)));
  }
  interlock.verify();
  store::touch_role(change.db(), role.id, change.now());
  return outcome_of(change, role.name, {});
}

store::RoleView delete_role(Change& change, const std::string& name, bool force) {
  auto& db = change.db();
  const auto role = store::view_role(db, parse_role_name(name), change.now());
  const auto heirs = store::heirs_of_role(db, role.id);
  if (!force && role.members > 0)
    throw Error(ErrorCode::conflict,
                "role " + quote(role.name) + " is in use: " + std::to_string(role.members) +
                    (role.members == 1 ? " user holds it" : " users hold it"),
                "authctl user list --role " + role.name + ", or --force, which takes it from them");
  if (!force && !heirs.empty())
    throw Error(ErrorCode::conflict,
                "role " + quote(role.name) + " is in use: " + quote(heirs.front().name) + " inherits from it",
                "authctl role update " + heirs.front().name + " --no-inherits " + role.name + ", or --force");
  const LastAdminInterlock interlock(db, change.now(), force);
  unassign_everybody(change, role);
  for (const auto& heir : heirs) {
    store::delete_inheritance(db, heir.id, role.id);
    store::touch_role(db, heir.id, change.now());
    change.record(role_event("role.update", heir, {{"no_inherits", to_array({role.name})}}));
  }
  store::delete_role(db, role.id);
  interlock.verify();
  change.record(role_event("role.delete", role, {}));
  return role;
}

}  // namespace authctl::service
