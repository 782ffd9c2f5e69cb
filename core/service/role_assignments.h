// Who holds which role: assigned for good or for a time, everywhere or on a resource, and taken away again.
// Invariants: those of core/service/roles.h.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "core/service/change.h"
#include "core/store/assignment_repository.h"

namespace authctl::service {

struct AssignRequest {
  std::string user;  // name, e-mail or id
  std::vector<std::string> roles;
  std::string lasts;     // --for, as `8h`; empty: until it is taken away
  std::string resource;  // --on; empty: every resource
  bool force = false;    // even where the last holder of admin:all would hold it no longer, now or at its end
};

// What the user holds afterwards, and what was there already, in words.
struct AssignOutcome {
  std::string user_id, user_name;
  std::vector<store::AssignmentRow> assignments;
  std::vector<std::string> notices;
};

// A second assignment of the same role on the same resource gives it its new end.
AssignOutcome assign_roles(Change& change, const AssignRequest& request);
AssignOutcome unassign_roles(Change& change, const AssignRequest& request);
AssignOutcome assign_roles(Realm& realm, const Cause& cause, const AssignRequest& request);
AssignOutcome unassign_roles(Realm& realm, const Cause& cause, const AssignRequest& request);

// Gives one, or gives one that is there its new end, and records it. No interlock: that is the caller's.
void make_assignment(Change& change, const store::AssignmentRow& assignment);
// Records one that the caller puts into the store in the same change, with many others.
void record_assignment(Change& change, const store::AssignmentRow& assignment);
// Takes one away and records it.
void remove_assignment(Change& change, const store::AssignmentRow& assignment);

// user id assignments[{role,resource,expires_at}]
base::json::object assignments_json(const AssignOutcome& outcome);

}  // namespace authctl::service
