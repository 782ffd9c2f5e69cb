#include "core/service/access_engine.h"

#include <algorithm>
#include <limits>
#include <map>

namespace authctl::service {
namespace {

constexpr auto nowhere = std::numeric_limits<std::size_t>::max();

bool grant_answers(const Grant& grant, const Question& question) {
  return resource_covers(grant.resource, question.resource_text()) &&
         grant_allows(grant.permission, question.permission.text());
}

// `way`: from the assigned role down to the one that holds the grant.
Reason make_reason(const RoleGraph& graph, const Assignment& assignment, const std::vector<std::size_t>& way,
                   const Grant& grant) {
  Reason reason;
  reason.role = graph.roles[way.front()].name;
  for (std::size_t i = 1; i < way.size(); ++i) reason.via.push_back(graph.roles[way[i]].name);
  reason.grant = grant.permission;
  auto both = intersect_resources(assignment.resource, grant.resource);
  if (both && !both->empty()) reason.resource = std::move(both);
  reason.expires_at = assignment.expires_at;
  return reason;
}

void add_reasons(const RoleGraph& graph, const Assignment& assignment, const std::vector<std::size_t>& way,
                 const Question& question, std::size_t most, std::vector<Reason>& because) {
  for (const auto& grant : graph.roles[way.back()].grants)
    if (because.size() < most && grant_answers(grant, question))
      because.push_back(make_reason(graph, assignment, way, grant));
}

// Roles reachable from `start`, nearest first, each with the role it was reached from.
struct Reached {
  std::vector<std::size_t> order;
  std::vector<std::size_t> from;  // by role; `nowhere` for the start and for what was not reached
};

Reached reach(const RoleGraph& graph, std::size_t start) {
  Reached reached{{}, std::vector<std::size_t>(graph.roles.size(), nowhere)};
  std::vector<bool> seen(graph.roles.size());
  if (start >= graph.roles.size()) return reached;
  seen[start] = true;
  reached.order.push_back(start);
  for (std::size_t i = 0; i < reached.order.size(); ++i) {
    for (const auto parent : graph.roles[reached.order[i]].parents) {
      if (parent >= graph.roles.size() || seen[parent]) continue;
      seen[parent] = true;
      reached.from[parent] = reached.order[i];
      reached.order.push_back(parent);
    }
  }
  return reached;
}

std::vector<std::size_t> way_to(const Reached& reached, std::size_t role) {
  std::vector<std::size_t> way;
  for (auto at = role; at != nowhere; at = reached.from[at]) way.push_back(at);
  std::ranges::reverse(way);
  return way;
}

void walk_every_way(const RoleGraph& graph, const Assignment& assignment, const Question& question,
                    std::size_t most, const std::vector<bool>& leads_there, std::vector<std::size_t>& way,
                    std::vector<Reason>& because) {
  add_reasons(graph, assignment, way, question, most, because);
  for (const auto parent : graph.roles[way.back()].parents) {
    if (because.size() >= most) return;
    if (parent >= graph.roles.size() || !leads_there[parent] || std::ranges::find(way, parent) != way.end())
      continue;
    way.push_back(parent);
    walk_every_way(graph, assignment, question, most, leads_there, way, because);
    way.pop_back();
  }
}

// Roles from which a granting role can be reached, so that walking every way never enters a blind alley.
std::vector<bool> roles_that_lead_there(const RoleGraph& graph, const Question& question) {
  std::vector<std::vector<std::size_t>> heirs(graph.roles.size());
  std::vector<bool> leads(graph.roles.size());
  std::vector<std::size_t> todo;
  for (std::size_t role = 0; role < graph.roles.size(); ++role) {
    for (const auto parent : graph.roles[role].parents)
      if (parent < graph.roles.size()) heirs[parent].push_back(role);
    leads[role] = std::ranges::any_of(graph.roles[role].grants,
                                      [&](const Grant& grant) { return grant_answers(grant, question); });
    if (leads[role]) todo.push_back(role);
  }
  while (!todo.empty()) {
    const auto role = todo.back();
    todo.pop_back();
    for (const auto heir : heirs[role]) {
      if (leads[heir]) continue;
      leads[heir] = true;
      todo.push_back(heir);
    }
  }
  return leads;
}

template <class Visit>
Decision for_each_live(const Subject& subject, const RoleGraph& graph, const Question& question,
                       base::Timestamp now, Visit visit) {
  Decision decision;
  if (!subject.active) return decision;
  for (const auto& assignment : subject.assignments)
    if (assignment.role < graph.roles.size() && is_live(assignment, now) &&
        resource_covers(assignment.resource, question.resource_text()))
      visit(assignment, decision.because);
  decision.allowed = !decision.because.empty();
  return decision;
}

}  // namespace

bool is_live(const Assignment& assignment, base::Timestamp now) {
  return !assignment.expires_at || now < *assignment.expires_at;
}

Decision decide(const Subject& subject, const RoleGraph& graph, const Question& question,
                base::Timestamp now) {
  return for_each_live(subject, graph, question, now, [&](const Assignment& assignment, auto& because) {
    const auto reached = reach(graph, assignment.role);
    for (const auto role : reached.order)
      for (const auto& grant : graph.roles[role].grants)
        if (grant_answers(grant, question))
          because.push_back(make_reason(graph, assignment, way_to(reached, role), grant));
  });
}

Decision explain(const Subject& subject, const RoleGraph& graph, const Question& question,
                 base::Timestamp now, std::size_t most) {
  const auto leads_there = roles_that_lead_there(graph, question);
  return for_each_live(subject, graph, question, now, [&](const Assignment& assignment, auto& because) {
    if (!leads_there[assignment.role]) return;
    std::vector<std::size_t> way{assignment.role};
    walk_every_way(graph, assignment, question, most, leads_there, way, because);
  });
}

std::vector<Effective> effective_permissions(const Subject& subject, const RoleGraph& graph,
                                             base::Timestamp now) {
  std::map<std::pair<std::string, std::string>, Effective> found;
  if (!subject.active) return {};
  for (const auto& assignment : subject.assignments) {
    if (assignment.role >= graph.roles.size() || !is_live(assignment, now)) continue;
    for (const auto role : reach(graph, assignment.role).order)
      for (const auto& grant : graph.roles[role].grants) {
        auto both = intersect_resources(assignment.resource, grant.resource);
        if (!both) continue;
        auto [at, is_new] = found.try_emplace({grant.permission, *both});
        auto& entry = at->second;
        if (is_new) entry = {grant.permission, std::move(*both), {}, assignment.expires_at};
        const auto& name = graph.roles[assignment.role].name;
        if (std::ranges::find(entry.roles, name) == entry.roles.end()) entry.roles.push_back(name);
        if (!assignment.expires_at)
          entry.expires_at.reset();
        else if (entry.expires_at)
          entry.expires_at = std::max(*entry.expires_at, *assignment.expires_at);
      }
  }
  std::vector<Effective> list;
  for (auto& [key, entry] : found) list.push_back(std::move(entry));
  return list;
}

std::vector<std::size_t> circle_through(const RoleGraph& graph, std::size_t role, std::size_t parent) {
  const auto reached = reach(graph, parent);
  if (std::ranges::find(reached.order, role) == reached.order.end()) return {};
  auto circle = way_to(reached, role);
  circle.insert(circle.begin(), role);
  return circle;
}

}  // namespace authctl::service
