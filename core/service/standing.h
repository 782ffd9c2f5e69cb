// What a front door has to know of a user for each request, read once and kept: is the account active, since
// when are its tokens good, what may it do. Invariant: reading it is one snapshot of the store; decisions
// made from it are those of core/service/access_engine.h, at the time that is handed in.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/service/access_engine.h"
#include "core/store/database.h"

namespace authctl::service {

struct Standing {
  std::string user_id, user_name;
  base::Timestamp tokens_valid_from{};
  Subject subject;  // with its assignments, also those that will end
  RoleGraph graph;  // what the assignments reach, with every grant
};

// Nothing where nobody has this id. Not to be called within a transaction.
std::optional<Standing> standing_of(store::Database& db, std::string_view user_id, base::Timestamp now);

// Names of the roles that are held everywhere at `now`, sorted.
std::vector<std::string> roles_held(const Standing& standing, base::Timestamp now);
Decision decide(const Standing& standing, const Question& question, base::Timestamp now);

}  // namespace authctl::service
