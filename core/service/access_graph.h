// The part of the role graph that a question needs, from rows of the store.
// Invariant: leaving roles or grants out never changes the answer to that question.
#pragma once
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/service/access_engine.h"
#include "core/store/access_lookup.h"
#include "core/store/assignment_repository.h"

namespace authctl::service {

struct AccessGraph {
  RoleGraph graph;
  std::unordered_map<std::string, std::size_t> places;  // by role id
  std::size_t place(const std::string& role_id);
};

// Texts to look for; empty lists where there are too many of them, which reads every grant.
struct Candidates {
  explicit Candidates(const Question& question);
  store::AccessFilter filter() const { return {permissions, resources}; }
  std::vector<std::string> permissions, resources;
};

// What a user holds, down to the grants that fit the filter.
struct UserAccess : AccessGraph {
  UserAccess(const std::vector<store::AccessRow>& rows, bool active);
  Subject subject;
};

// The same for one check; each role has its id for a name.
struct HeldRoles : AccessGraph {
  HeldRoles(const std::vector<store::RoleLine>& lines, const std::vector<store::RoleGrant>& grants);
  Subject subject;
};

// The roles through which the question can be answered yes.
struct GrantingRoles : AccessGraph {
  explicit GrantingRoles(const std::vector<store::GrantingRow>& rows);
};

}  // namespace authctl::service
