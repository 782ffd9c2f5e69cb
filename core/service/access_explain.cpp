// explain_permission() of core/service/access.h: every way to a yes; or, after a no, the smallest changes
// that would make it one.
#include <algorithm>
#include <tuple>

#include "core/base/shell_word.h"
#include "core/service/access.h"
#include "core/service/access_graph.h"
#include "core/store/role_repository.h"
#include "core/store/user_repository.h"

namespace authctl::service {
namespace {

constexpr std::size_t most_remedies = 5;  // of each kind

std::string on_resource(const Question& question) {
  return question.resource ? " --on " + question.resource->text() : "";
}

// How much wider than the question the widest grant is that answers it: 0 is the question itself, then the
// wildcards by what they leave open; admin:all is the widest.
std::size_t breadth(const Decision& decision, const Question& question) {
  std::size_t widest = 0;
  const auto segments = [](std::string_view text) {
    return static_cast<std::size_t>(std::ranges::count_if(text, [](char c) { return c == ':' || c == '.'; }));
  };
  const auto asked = question.permission.text();
  for (const auto& reason : decision.because) {
    if (reason.grant == asked) continue;
    const auto open = static_cast<std::size_t>(std::ranges::count(reason.grant, '*'));
    const auto given = segments(reason.grant);
    widest = std::max(widest, reason.grant == everything
                                  ? std::string::npos
                                  : open + segments(asked) - std::min(given, segments(asked)));
  }
  return widest;
}

// Roles that hold such a grant themselves: the narrowest grant first, then the fewest grants beside it.
std::vector<Remedy> roles_to_assign(store::Database& db, const Access& access) {
  const GrantingRoles roles(store::roles_granting(db, Candidates(access.question).filter()));
  std::vector<std::tuple<std::size_t, std::int64_t, std::string>> ranked;
  for (const auto& [id, place] : roles.places) {
    const auto& role = roles.graph.roles[place];
    const Subject subject{true, {{place, "", {}}}};
    if (role.grants.empty()) continue;
    const auto decision = decide(subject, roles.graph, access.question, {});
    if (!decision.allowed) continue;
    ranked.emplace_back(breadth(decision, access.question), store::count_grants_above(db, id), role.name);
  }
  std::ranges::sort(ranked);
  std::vector<Remedy> remedies;
  for (const auto& [wide, grants, name] : ranked) {
    if (remedies.size() == most_remedies) break;
    remedies.push_back({"role.assign", name,
                        "authctl role assign " + base::shell_word(access.user_name) + " " + name +
                            on_resource(access.question)});
  }
  return remedies;
}

// Roles that the user holds where the question lies: those that the fewest others hold first.
std::vector<Remedy> roles_to_grant(store::Database& db, const Access& access, base::Timestamp now) {
  std::vector<std::pair<std::int64_t, std::string>> ranked;
  for (const auto& held : store::assignments_of_user(db, access.user_id)) {
    const Assignment assignment{0, held.resource, held.expires_at};
    if (is_live(assignment, now) && resource_covers(held.resource, access.question.resource_text()))
      ranked.emplace_back(store::count_assignments_of_role(db, held.role_id, now), held.role_name);
  }
  std::ranges::sort(ranked);
  ranked.erase(std::unique(ranked.begin(), ranked.end()), ranked.end());
  std::vector<Remedy> remedies;
  for (const auto& [members, name] : ranked) {
    if (remedies.size() == most_remedies) break;
    remedies.push_back({"role.grant", name,
                        "authctl role grant " + name + " " + access.question.permission.text() +
                            on_resource(access.question)});
  }
  return remedies;
}

}  // namespace

Explanation explain_permission(store::Database& db, const AccessRequest& request, base::Timestamp now) {
  const Question question{Permission(request.permission), parse_resource_option(request.resource)};
  const auto user = store::get_user(db, request.user);
  const bool active = user.status == store::UserStatus::active;
  const Candidates candidates(question);
  UserAccess held(store::access_of_user(db, user.id, candidates.filter(), now), active);
  Explanation explanation{
      {user.id, user.name, active, question, explain(held.subject, held.graph, question, now)}, {}};
  if (explanation.decision.allowed) return explanation;
  if (!active) {
    explanation.remedies.push_back(
        {"user.enable", std::nullopt, "authctl user enable " + base::shell_word(user.name)});
    held.subject.active = true;
    if (decide(held.subject, held.graph, question, now).allowed) return explanation;
  }
  for (auto& remedies : {roles_to_assign(db, explanation), roles_to_grant(db, explanation, now)})
    explanation.remedies.insert(explanation.remedies.end(), remedies.begin(), remedies.end());
  return explanation;
}

}  // namespace authctl::service
