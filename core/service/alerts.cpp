#include "core/service/alerts.h"

#include <algorithm>

#include "core/base/json_or_null.h"
#include "core/service/access_pattern.h"
#include "core/store/role_repository.h"
#include "core/store/user_repository.h"

namespace authctl::service {
namespace {
using audit::Event;

bool says(const Event& event, std::string_view member) {
  const auto* value = event.detail.if_contains(member);
  return value != nullptr && value->is_bool() && value->as_bool();
}

std::string text_of(const Event& event, std::string_view member) {
  const auto* value = event.detail.if_contains(member);
  return value != nullptr && value->is_string() ? std::string(value->as_string()) : std::string();
}

bool allows_everything(std::string_view permission) {
  return permission == everything || permission == every_permission;
}

bool is_granted_everything(store::Database& db, const std::string& role_id) {
  return std::ranges::any_of(store::grants_of_role(db, role_id), [](const auto& grant) {
    return grant.resource.empty() && allows_everything(grant.permission);
  });
}

// By itself or through those that it inherits from.
bool gives_everything(store::Database& db, const std::string& role_name) {
  const auto role = store::find_role(db, role_name);
  if (!role) return false;
  return is_granted_everything(db, role->id) ||
         std::ranges::any_of(store::hierarchy_above(db, role->id),
                             [&](const auto& line) { return is_granted_everything(db, line.parent_id); });
}

bool inherits_everything(store::Database& db, const Event& event) {
  const auto* parents = event.detail.if_contains("inherits");
  return (event.action == "role.create" || event.action == "role.update") && parents != nullptr &&
         parents->is_array() && std::ranges::any_of(parents->as_array(), [&](const auto& parent) {
           return gives_everything(db, std::string(parent.as_string()));
         });
}

bool is_admin_granted(Change& change, const Event& event) {
  if (event.action == "role.grant") return allows_everything(text_of(event, "permission"));
  if (event.action == "role.assign") return gives_everything(change.db(), text_of(event, "role"));
  return inherits_everything(change.db(), event);
}

// Nothing: nobody has to be told.
std::string_view kind_of(Change& change, const Event& event) {
  if (event.action == "session.reuse") return "refresh_reuse";
  if (event.action == "key.rotate" && says(event, "emergency")) return "emergency_rotation";
  if (is_admin_granted(change, event)) return "admin_granted";
  if ((event.action == "auth.login" || event.action == "auth.mfa") && says(event, "new_address"))
    return "new_network";
  if (event.action == "user.password" && says(event, "changed")) return "password_changed";
  if (event.action == "totp.confirm" || event.action == "totp.disable") return "second_factor_changed";
  return {};
}

// Whom it concerns: the user whose account or session it is.
base::json::value concerned(Change& change, const Event& event) {
  const auto id = event.target.kind == "user" ? event.target.id : text_of(event, "user");
  const auto user = id.empty() ? std::nullopt : store::find_user_by_id(change.db(), id);
  if (!user) return nullptr;
  return base::json::object{{"user", user->name}, {"email", base::filled_or_null(user->email.value_or(""))}};
}

std::string message(Change& change, const Event& event, std::string_view kind) {
  const auto& cause = change.cause();
  return base::json::serialize(
      base::json::object{{"alert", kind},
                         {"time", base::to_rfc3339(change.now())},
                         {"action", event.action},
                         {"actor", cause.actor},
                         {"ip", base::filled_or_null(cause.ip)},
                         {"reason", base::filled_or_null(cause.reason)},
                         {"target", base::json::object{{"kind", base::filled_or_null(event.target.kind)},
                                                       {"id", base::filled_or_null(event.target.id)},
                                                       {"name", base::filled_or_null(event.target.name)}}},
                         {"detail", event.detail},
                         {"notify", concerned(change, event)}});
}

}  // namespace

std::vector<std::string> alerts_of(Change& change) {
  std::vector<std::string> alerts;
  for (const auto& event : change.events())
    if (const auto kind = kind_of(change, event); !kind.empty())
      alerts.push_back(message(change, event, kind));
  return alerts;
}

}  // namespace authctl::service
