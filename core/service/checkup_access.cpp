// The access review: who could do more than they need, and who could not prove who they are.
#include <algorithm>
#include <limits>
#include <map>
#include <set>

#include "core/audit/query.h"
#include "core/base/shell_word.h"
#include "core/base/text.h"
#include "core/service/access_pattern.h"
#include "core/service/checkup_checks.h"
#include "core/store/role_repository.h"

namespace authctl::service {
namespace {

constexpr auto quarter = std::chrono::hours(24 * 90);
constexpr std::int64_t few_admins = 3;
constexpr std::size_t enough_for_a_median = 3;

store::Found admins(const Patient& patient, bool without_factor = false) {
  static const auto permissions = granting_permissions(everything).value();
  return store::holders_of(patient.db(), permissions, patient.now, without_factor);
}

// Users by role, and how many grants each reaches with all their roles.
struct Reach {
  std::map<std::string, std::set<std::string>> members, roles;
  std::map<std::string, std::int64_t> grants;
};

Reach measure(const Patient& patient) {
  Reach reach;
  std::map<std::string, std::int64_t> of_role;
  for (const auto& holding : store::live_holdings(patient.db(), patient.now)) {
    if (!reach.roles[holding.user].insert(holding.role).second) continue;
    reach.members[holding.role].insert(holding.user);
    auto [at, fresh] = of_role.try_emplace(holding.role, 0);
    if (fresh)
      at->second = store::count_grants_above(patient.db(), store::get_role(patient.db(), holding.role).id);
    reach.grants[holding.user] += at->second;
  }
  return reach;
}

// Twice the median, which may lie halfway between two counts.
std::int64_t double_median_of(const std::set<std::string>& users,
                              const std::map<std::string, std::int64_t>& grants) {
  std::vector<std::int64_t> counts;
  for (const auto& user : users) counts.push_back(grants.at(user));
  std::ranges::sort(counts);
  return counts[(counts.size() - 1) / 2] + counts[counts.size() / 2];
}

store::Found found_in(const std::set<std::string>& names) {
  store::Found found{static_cast<std::int64_t>(names.size()), {}};
  for (const auto& name : names) {
    if (found.names.size() == 5) break;
    found.names.push_back(name);
  }
  return found;
}

// A role that may do everything, if there is one yet.
std::optional<std::string> role_of_admins(const Patient& patient) {
  const auto next = store::every_grant(patient.db());
  while (const auto grant = next())
    if (grant->permission == everything && grant->resource.empty() && !grant->roles.empty())
      return *grant->roles.begin();
  return std::nullopt;
}

// Every permission that was asked for and granted since.
std::set<std::string> permissions_used(const Patient& patient) {
  std::set<std::string> used;
  audit::Filter filter;
  filter.since = patient.now - quarter;
  filter.action = "permission.check";
  filter.outcome = "success";
  const auto entries = audit::query_entries(patient.db(), filter, std::numeric_limits<std::int64_t>::max());
  while (const auto* entry = entries->next()) {
    const auto detail = base::parse_json(entry->detail);
    if (!detail || !detail->is_object()) continue;
    const auto* permission = detail->as_object().if_contains("permission");
    if (permission && permission->is_string()) used.emplace(permission->as_string());
  }
  return used;
}

}  // namespace

Judgement check_admin_exists(const Patient& patient) {
  if (admins(patient).count > 0) return well("somebody holds admin:all");
  const auto role = role_of_admins(patient);
  return failing("nobody holds admin:all",
                 role ? "authctl role assign USER " + base::shell_word(*role)
                      : "authctl role create admin; authctl role grant admin admin:all; authctl role assign "
                        "USER admin");
}

Judgement check_admin_factor(const Patient& patient) {
  const auto found = admins(patient, true);
  if (found.count == 0) return well("every admin has a second factor");
  return failing("without a second factor: " + counted(found, "admin", "admins"),
                 "authctl totp enroll " + base::shell_word(found.names.front()));
}

Judgement check_admin_share(const Patient& patient) {
  const auto found = admins(patient);
  const auto users = store::active_users(patient.db()).count;
  if (found.count <= few_admins || found.count * 10 <= users) return well("few people hold admin:all");
  return warning("more than a tenth of all people hold admin:all: " + counted(found, "user", "users"),
                 "authctl permission who admin:all");
}

Judgement check_user_factor(const Patient& patient) {
  const auto found = store::users_without_factor(patient.db());
  if (found.count == 0) return well("everybody has a second factor");
  return warning("without a second factor: " + counted(found, "user", "users"),
                 "authctl user list --without-mfa");
}

Judgement check_unused_users(const Patient& patient) {
  const auto found = store::users_unseen(patient.db(), patient.now - quarter);
  if (found.count == 0) return well("everybody was here within 90 days");
  return warning("not signed in for 90 days: " + counted(found, "user", "users"),
                 "authctl user list --inactive-for 90d, then authctl user disable " +
                     base::shell_word(found.names.front()));
}

Judgement check_unused_roles(const Patient& patient) {
  const auto found = store::roles_without_holder(patient.db(), patient.now);
  if (found.count == 0) return well("every role has somebody who holds it");
  return warning("nobody holds " + counted(found, "role", "roles"),
                 "authctl role delete " + base::shell_word(found.names.front()));
}

Judgement check_ended_assignments(const Patient& patient) {
  const auto found = store::ended_assignments(patient.db(), patient.now);
  if (found.count == 0) return well("no assignment has come to its end");
  return warning("come to their end and still there: " + counted(found, "assignment", "assignments"),
                 "authctl role unassign USER ROLE [--on RESOURCE]");
}

Judgement check_broad_grants(const Patient& patient) {
  std::set<std::string> broad, all_powerful;
  const auto next = store::every_grant(patient.db());
  while (const auto grant = next()) {
    if (!grant->resource.empty()) continue;
    const bool is_everything = grant->permission == everything;
    if (!is_everything && grant->permission.find('*') == std::string::npos) continue;
    for (const auto& role : grant->roles)
      (is_everything ? all_powerful : broad).insert(grant->permission + " in " + role);
  }
  // One role has to hold everything: that of the admins.
  if (all_powerful.size() > 1) broad.merge(all_powerful);
  if (broad.empty()) return well("one role at most holds admin:all, and no grant on every resource has a *");
  return warning(
      "admin:all in more than one role, or a * on every resource: " +
          counted(found_in(broad), "grant", "grants"),
      "authctl role revoke ROLE PERMISSION, then authctl role grant what is needed, or --on RESOURCE");
}

Judgement check_excess(const Patient& patient) {
  const auto reach = measure(patient);
  std::set<std::string> excessive;
  std::string first;
  for (const auto& [role, users] : reach.members) {
    if (users.size() < enough_for_a_median) continue;
    const auto double_median = double_median_of(users, reach.grants);
    for (const auto& user : users) {
      if (2 * reach.grants.at(user) <= double_median) continue;
      excessive.insert(user + " in " + role);
      if (first.empty()) first = user;
    }
  }
  if (excessive.empty()) return well("nobody may do more than the median of their role");
  return warning("more grants than their role's median: " + counted(found_in(excessive), "person", "people"),
                 "authctl permission list " + base::shell_word(first));
}

Judgement check_unused_grants(const Patient& patient) {
  if (patient.settings().text("audit_checks") != "all")
    return skipped("which grants are used is not recorded (audit_checks is not all)");
  const auto used = permissions_used(patient);
  std::set<std::string> unused;
  const auto next = store::every_grant(patient.db());
  while (const auto grant = next()) {
    const bool was_used = std::any_of(used.begin(), used.end(), [&](const std::string& asked) {
      return grant_allows(grant->permission, asked);
    });
    if (was_used) continue;
    for (const auto& role : grant->roles) unused.insert(grant->permission + " in " + role);
  }
  if (unused.empty()) return well("every grant was used within 90 days");
  return warning("not used for 90 days: " + counted(found_in(unused), "grant", "grants"),
                 "authctl role revoke ROLE PERMISSION");
}

Judgement check_schemes(const Patient& patient) {
  const auto found = store::users_with_other_scheme(patient.db(), "argon2id");
  if (found.count == 0) return well("every password is under Argon2id");
  return warning(
      "passwords under an older scheme: " + counted(found, "user", "users"),
      "they move at the next sign-in; authctl user password NAME --must-change for who stays away");
}

}  // namespace authctl::service
