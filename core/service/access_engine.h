// The decision: may this user do that, and why? A pure function of assignments, role graph, grants and time.
// Invariant: denied unless some live assignment reaches a role whose grant allows the permission and both
// cover the resource; a disabled user is denied. NIST RBAC (INCITS 359) with role hierarchies and limited
// resources.
//
//   user --assignment (resource, expiry)--> role --inherits--> role … --grant (permission, resource)
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "core/base/clock.h"
#include "core/service/access_pattern.h"

namespace authctl::service {

// An empty resource covers every resource.
struct Grant {
  std::string permission, resource;
  auto operator<=>(const Grant&) const = default;
};

struct RoleGraph {
  struct Role {
    std::string name;
    std::vector<std::size_t>
        parents;  // places in `roles` that it inherits from; one that is not there gives nothing
    std::vector<Grant> grants;
  };
  std::vector<Role> roles;
};

struct Assignment {
  std::size_t role = 0;
  std::string resource;
  std::optional<base::Timestamp> expires_at;
};

struct Subject {
  bool active = true;
  std::vector<Assignment> assignments;
};

struct Question {
  Permission permission;
  std::optional<Resource> resource;
  std::string_view resource_text() const { return resource ? std::string_view(resource->text()) : ""; }
};

// One way in which the answer is yes.
struct Reason {
  std::string role;                     // as it is assigned to the user
  std::vector<std::string> via;         // the roles it inherits from, down to the one that holds the grant
  std::string grant;                    // the permission as it was granted
  std::optional<std::string> resource;  // what assignment and grant both cover; nothing: every resource
  std::optional<base::Timestamp> expires_at;
  bool operator==(const Reason&) const = default;
};

struct Decision {
  bool allowed = false;
  std::vector<Reason> because;
};

// A time-bound assignment ends at its instant exactly: at `expires_at` it no longer counts.
bool is_live(const Assignment& assignment, base::Timestamp now);

// One reason for each assignment and grant, by the shortest way from one to the other.
Decision decide(const Subject& subject, const RoleGraph& graph, const Question& question,
                base::Timestamp now);
// Every way, also those that differ only in the roles between; at most `most` of them.
Decision explain(const Subject& subject, const RoleGraph& graph, const Question& question,
                 base::Timestamp now, std::size_t most = 1000);

// All that the user may do now, as it was granted: sorted, each permission and resource once.
struct Effective {
  std::string permission, resource;           // an empty resource: every resource
  std::vector<std::string> roles;             // as they are assigned
  std::optional<base::Timestamp> expires_at;  // when the last of them ends; nothing: never
};
std::vector<Effective> effective_permissions(const Subject& subject, const RoleGraph& graph,
                                             base::Timestamp now);

// The circle that would close if `role` inherited from `parent`: role, parent, …, role. Empty: none would.
std::vector<std::size_t> circle_through(const RoleGraph& graph, std::size_t role, std::size_t parent);

}  // namespace authctl::service
