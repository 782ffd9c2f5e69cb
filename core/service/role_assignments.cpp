#include "core/service/role_assignments.h"

#include "core/base/error.h"
#include "core/base/shell_word.h"
#include "core/base/text.h"
#include "core/service/access_pattern.h"
#include "core/service/last_admin.h"
#include "core/store/role_repository.h"
#include "core/store/user_repository.h"

namespace authctl::service {
namespace {

using base::Error;
using base::ErrorCode;
using base::quote;

constexpr base::Duration longest = std::chrono::hours(24) * 36525;  // a hundred years

std::optional<base::Timestamp> end_of(const std::string& lasts, base::Timestamp now) {
  if (lasts.empty()) return std::nullopt;
  const auto duration = base::parse_duration(lasts);
  if (!duration || duration->count() <= 0 || *duration > longest)
    throw Error(ErrorCode::invalid, "not a time to hold a role for: " + quote(lasts), "for example --for 8h");
  return now + *duration;
}

std::string describe(const store::AssignmentRow& assignment) {
  return quote(assignment.role_name) + (assignment.resource.empty() ? "" : " on " + assignment.resource);
}

audit::Event assignment_event(const char* action, const store::AssignmentRow& assignment) {
  base::json::object detail{{"role", assignment.role_name}, {"resource", nullptr}, {"expires_at", nullptr}};
  if (!assignment.resource.empty()) detail["resource"] = assignment.resource;
  if (assignment.expires_at) detail["expires_at"] = base::to_rfc3339(*assignment.expires_at);
  return {
      action, {"user", assignment.user_id, assignment.user_name}, audit::Outcome::success, std::move(detail)};
}

// The assignments that the request speaks of, checked; not yet looked for.
std::vector<store::AssignmentRow> wanted(Change& change, const AssignRequest& request,
                                         const store::UserRow& user) {
  const auto resource = parse_resource_option(request.resource);
  const auto end = end_of(request.lasts, change.now());
  std::vector<store::AssignmentRow> assignments;
  for (const auto& name : request.roles) {
    const auto role = store::get_role(change.db(), parse_role_name(name));
    assignments.push_back({user.id, role.id, resource ? resource->text() : "", end, change.now(), user.name,
                           role.name, user.status == store::UserStatus::active});
  }
  return assignments;
}

AssignOutcome outcome_of(Change& change, const store::UserRow& user, std::vector<std::string> notices) {
  AssignOutcome outcome{user.id, user.name, store::assignments_of_user(change.db(), user.id),
                        std::move(notices)};
  std::erase_if(outcome.assignments, [&](const store::AssignmentRow& assignment) {
    return assignment.expires_at && *assignment.expires_at <= change.now();
  });
  return outcome;
}

}  // namespace

void record_assignment(Change& change, const store::AssignmentRow& assignment) {
  change.record(assignment_event("role.assign", assignment));
}

void make_assignment(Change& change, const store::AssignmentRow& assignment) {
  store::put_assignment(change.db(), assignment);
  record_assignment(change, assignment);
}

void remove_assignment(Change& change, const store::AssignmentRow& assignment) {
  store::delete_assignment(change.db(), assignment);
  change.record(assignment_event("role.unassign", assignment));
}

AssignOutcome assign_roles(Change& change, const AssignRequest& request) {
  const auto user = store::get_user(change.db(), request.user);
  std::vector<std::string> notices;
  // An end for what had none, or an earlier one, takes the role away from then on.
  std::optional<LastAdminInterlock> interlock;
  if (const auto end = end_of(request.lasts, change.now()))
    interlock.emplace(change.db(), *end, request.force);
  for (const auto& assignment : wanted(change, request, user)) {
    const auto held = store::find_assignment(change.db(), user.id, assignment.role_id, assignment.resource);
    if (held && held->expires_at == assignment.expires_at) {
      notices.push_back("user " + quote(user.name) + " has role " + describe(assignment) + " already");
      continue;
    }
    make_assignment(change, assignment);
  }
  if (interlock) interlock->verify();
  return outcome_of(change, user, std::move(notices));
}

AssignOutcome unassign_roles(Change& change, const AssignRequest& request) {
  const auto user = store::get_user(change.db(), request.user);
  const LastAdminInterlock interlock(change.db(), change.now(), request.force);
  for (const auto& assignment : wanted(change, request, user)) {
    const auto held = store::find_assignment(change.db(), user.id, assignment.role_id, assignment.resource);
    // One that has ended is cleared away the same.
    if (!held)
      throw Error(ErrorCode::not_found,
                  "user " + quote(user.name) + " does not have role " + describe(assignment),
                  "authctl permission list " + base::shell_word(user.name));
    remove_assignment(change, *held);
  }
  interlock.verify();
  return outcome_of(change, user, {});
}

AssignOutcome assign_roles(Realm& realm, const Cause& cause, const AssignRequest& request) {
  return change(realm, cause, [&](Change& change) { return assign_roles(change, request); });
}

AssignOutcome unassign_roles(Realm& realm, const Cause& cause, const AssignRequest& request) {
  return change(realm, cause, [&](Change& change) { return unassign_roles(change, request); });
}

base::json::object assignments_json(const AssignOutcome& outcome) {
  base::json::array assignments;
  for (const auto& assignment : outcome.assignments) {
    base::json::object entry{{"role", assignment.role_name}, {"resource", nullptr}, {"expires_at", nullptr}};
    if (!assignment.resource.empty()) entry["resource"] = assignment.resource;
    if (assignment.expires_at) entry["expires_at"] = base::to_rfc3339(*assignment.expires_at);
    assignments.push_back(std::move(entry));
  }
  return {{"user", outcome.user_name}, {"id", outcome.user_id}, {"assignments", std::move(assignments)}};
}

}  // namespace authctl::service
