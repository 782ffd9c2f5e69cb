#include "core/service/standing.h"

#include <algorithm>

#include "core/service/access_graph.h"
#include "core/store/snapshot.h"
#include "core/store/user_repository.h"

namespace authctl::service {

std::optional<Standing> standing_of(store::Database& db, std::string_view user_id, base::Timestamp now) {
  const store::Snapshot snapshot(db);
  const auto user = store::find_user_by_id(db, user_id);
  if (!user) return std::nullopt;
  UserAccess access(store::access_of_user(db, user->id, {}, now), user->status == store::UserStatus::active);
  return Standing{user->id, user->name, user->tokens_valid_from, std::move(access.subject),
                  std::move(access.graph)};
}

std::vector<std::string> roles_held(const Standing& standing, base::Timestamp now) {
  std::vector<std::string> names;
  for (const auto& assignment : standing.subject.assignments) {
    if (assignment.resource.empty() && is_live(assignment, now))
      names.push_back(standing.graph.roles[assignment.role].name);
  }
  std::ranges::sort(names);
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

Decision decide(const Standing& standing, const Question& question, base::Timestamp now) {
  return decide(standing.subject, standing.graph, question, now);
}

}  // namespace authctl::service
