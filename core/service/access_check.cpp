// check_permission() of core/service/access.h: what is looked up is what may still change the answer. Most
// patterns that could allow something are granted to no role, and most of those that are, to none of the
// user's.
#include <algorithm>

#include "core/service/access.h"
#include "core/service/access_graph.h"
#include "core/store/access_lookup.h"
#include "core/store/snapshot.h"
#include "core/store/user_repository.h"

namespace authctl::service {
namespace {

// Up to so many grants are looked for from the permission's end; then it is cheaper from the roles'.
constexpr std::size_t few_grants = 64;

std::vector<std::string> sorted_once(std::vector<std::string> texts) {
  std::ranges::sort(texts);
  texts.erase(std::unique(texts.begin(), texts.end()), texts.end());
  return texts;
}

std::vector<std::string> reached_roles(const std::vector<store::RoleLine>& lines) {
  std::vector<std::string> roles;
  for (const auto& line : lines) roles.push_back(line.role_id);
  return sorted_once(std::move(roles));
}

// The grants that answer, of the roles that the lines reach.
std::vector<store::RoleGrant> fitting_grants(store::Database& db, const std::vector<store::RoleLine>& lines,
                                             const std::vector<store::GrantedTo>& granted,
                                             const Candidates& candidates) {
  auto roles = reached_roles(lines);
  auto permissions = candidates.permissions;
  if (!granted.empty() && granted.size() < few_grants) {
    std::vector<std::string> both, used;
    for (const auto& [permission, role] : granted)
      if (std::ranges::binary_search(roles, role)) {
        both.push_back(role);
        used.push_back(permission);
      }
    roles = sorted_once(std::move(both));
    permissions = sorted_once(std::move(used));
  }
  if (roles.empty()) return {};
  return store::grants_among(db, roles, permissions, candidates.resources);
}

// Puts names where the reasons hold ids of roles. A role that only other rows still speak of gives nothing.
void name_roles(store::Database& db, Decision& decision) {
  std::vector<std::string> ids;
  for (const auto& reason : decision.because) {
    ids.push_back(reason.role);
    ids.insert(ids.end(), reason.via.begin(), reason.via.end());
  }
  const auto names = store::role_names(db, sorted_once(std::move(ids)));
  const auto give_name = [&](std::string& role) {
    const auto found = names.find(role);
    if (found != names.end()) role = found->second;
    return found != names.end();
  };
  std::erase_if(decision.because, [&](Reason& reason) {
    return !give_name(reason.role) || !std::ranges::all_of(reason.via, give_name);
  });
  decision.allowed = !decision.because.empty();
}

}  // namespace

Access check_permission(store::Database& db, const AccessRequest& request, base::Timestamp now) {
  const Question question{Permission(request.permission), parse_resource_option(request.resource)};
  const Candidates candidates(question);
  const store::Snapshot snapshot(db);
  auto user = store::find_access_user(db, request.user);
  if (!user) {
    const auto row = store::get_user(db, request.user);  // says that there is none
    user = {row.id, row.name, row.status == store::UserStatus::active};
  }
  Access answer{user->id, user->name, user->active, question, {}};
  if (!user->active) return answer;
  std::vector<store::GrantedTo> granted;
  if (!candidates.permissions.empty()) {
    granted = store::roles_granted(db, candidates.permissions, few_grants);
    if (granted.empty()) return answer;
  }
  const auto lines = store::role_lines_of_user(db, user->id, candidates.resources, now);
  const auto grants = fitting_grants(db, lines, granted, candidates);
  if (grants.empty()) return answer;
  const HeldRoles held(lines, grants);
  answer.decision = decide(held.subject, held.graph, question, now);
  name_roles(db, answer.decision);
  return answer;
}

}  // namespace authctl::service
