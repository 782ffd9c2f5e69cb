#include "core/service/access_graph.h"

#include <algorithm>

namespace authctl::service {
namespace {

template <class T>
void add_once(std::vector<T>& list, T item) {
  if (std::ranges::find(list, item) == list.end()) list.push_back(std::move(item));
}

}  // namespace

std::size_t AccessGraph::place(const std::string& role_id) {
  const auto [at, is_new] = places.try_emplace(role_id, graph.roles.size());
  if (is_new) graph.roles.emplace_back();
  return at->second;
}

Candidates::Candidates(const Question& question) {
  auto texts = granting_permissions(question.permission.text());
  auto covering = covering_resources(question.resource_text());
  if (texts) permissions = std::move(*texts);
  if (covering) resources = std::move(*covering);
}

// A role that is reached in several ways comes in several rows, each time with all of its grants: they are
// taken from the first of these ways only.
UserAccess::UserAccess(const std::vector<store::AccessRow>& rows, bool active) {
  subject.active = active;
  std::vector<const store::AccessRow*> first;  // by place: the row of the way whose grants are taken
  const auto same_way = [](const store::AccessRow& a, const store::AccessRow& b) {
    return a.child_id == b.child_id && a.resource == b.resource && a.expires_at == b.expires_at;
  };
  for (const auto& row : rows) {
    const auto at = place(row.role_id);
    if (at >= first.size()) first.resize(at + 1);
    graph.roles[at].name = row.role_name;
    if (!first[at]) first[at] = &row;
    if (row.permission && same_way(*first[at], row))
      graph.roles[at].grants.push_back({*row.permission, *row.grant_resource});
    if (!row.child_id.empty()) {
      const auto child = place(row.child_id);
      add_once(graph.roles[child].parents, at);
    } else if (std::ranges::none_of(subject.assignments, [&](const Assignment& assignment) {
                 return assignment.role == at && assignment.resource == row.resource;
               })) {
      subject.assignments.push_back({at, row.resource, row.expires_at});
    }
  }
}

HeldRoles::HeldRoles(const std::vector<store::RoleLine>& lines, const std::vector<store::RoleGrant>& grants) {
  for (const auto& line : lines) {
    const auto at = place(line.role_id);
    graph.roles[at].name = line.role_id;
    if (line.child_id.empty()) {
      subject.assignments.push_back({at, line.resource, line.expires_at});
    } else {
      const auto child = place(line.child_id);
      graph.roles[child].parents.push_back(at);
    }
  }
  for (const auto& grant : grants) {
    const auto at = place(grant.role_id);
    graph.roles[at].grants.push_back({grant.permission, grant.resource});
  }
}

GrantingRoles::GrantingRoles(const std::vector<store::GrantingRow>& rows) {
  for (const auto& row : rows) {
    const auto at = place(row.role_id);
    graph.roles[at].name = row.role_name;
    if (row.permission) graph.roles[at].grants.push_back({*row.permission, *row.grant_resource});
    if (!row.parent_id.empty()) {
      const auto parent = place(row.parent_id);
      add_once(graph.roles[at].parents, parent);
    }
  }
}

}  // namespace authctl::service
