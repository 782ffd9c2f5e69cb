// Who holds which role, on what and until when; and what a decision needs to read.
// Invariant: an empty `resource` means every resource; a row whose `expires_at` has come counts for nothing.
#pragma once
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/store/database.h"

namespace authctl::store {

struct AssignmentRow {
  std::string user_id, role_id, resource;
  std::optional<base::Timestamp> expires_at;
  base::Timestamp created_at{};
  std::string user_name, role_name;
  bool user_active = true;
};

std::optional<AssignmentRow> find_assignment(Database& db, std::string_view user_id, std::string_view role_id,
                                             std::string_view resource);
// Inserts it, or gives the one that is there its new end.
void put_assignment(Database& db, const AssignmentRow& assignment);
// The same for many, each another.
void put_assignments(Database& db, std::span<const AssignmentRow> assignments);
bool delete_assignment(Database& db, const AssignmentRow& assignment);

// All of a user, also those that came to an end, in the order of the roles' names.
std::vector<AssignmentRow> assignments_of_user(Database& db, std::string_view user_id);
// The live ones of these users (their ids in order), user after user; one statement for 64 of them.
struct HeldRole {
  std::string user_id, role_name, resource;
  std::optional<base::Timestamp> expires_at;
};
void for_each_assignment(Database& db, std::span<const std::string> user_ids, base::Timestamp now,
                         const std::function<void(const HeldRole&)>& visit);
// At most `limit` live ones of a role after this place, in the order of users and resources.
struct AssignmentPlace {
  std::string user_id, resource;
};
std::vector<AssignmentRow> assignments_of_role(Database& db, std::string_view role_id,
                                               const AssignmentPlace& after, std::int64_t limit,
                                               base::Timestamp now);
std::int64_t count_assignments_of_role(Database& db, std::string_view role_id, base::Timestamp now);

// Does an active user hold a live assignment to a role that reaches one of these permissions, both without a
// resource? `except_user`: one who does not count; empty: everybody does.
bool anybody_holds(Database& db, std::span<const std::string> permissions, std::string_view except_user,
                   base::Timestamp now);

// One step of what a user holds: the role, how it is reached (assigned, or from the role `child_id` that
// inherits it) and one of its grants, where it has any that fits.
struct AccessRow {
  std::string role_id, role_name;
  std::string child_id;  // empty: assigned
  std::string resource;  // of the assignment
  std::optional<base::Timestamp> expires_at;
  std::optional<std::string> permission, grant_resource;
};
struct AccessFilter {
  std::span<const std::string> permissions;  // texts to look for; empty: every grant
  std::span<const std::string> resources;    // of assignments and grants; empty: every resource
};
// One statement of indexed lookups: its cost depends on the roles that the user reaches, not on how many
// users, roles or grants there are. Assignments that ended before `now` are left out.
std::vector<AccessRow> access_of_user(Database& db, std::string_view user_id, const AccessFilter& filter,
                                      base::Timestamp now);

// The same from the other end: the roles that hold a fitting grant, and upwards those that inherit from them.
// A row tells of a grant (`parent_id` is empty) or of a parent.
struct GrantingRow {
  std::string role_id, role_name;
  std::string parent_id;
  std::optional<std::string> permission, grant_resource;
};
std::vector<GrantingRow> roles_granting(Database& db, const AccessFilter& filter);

}  // namespace authctl::store
