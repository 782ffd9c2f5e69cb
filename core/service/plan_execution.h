// A plan carried out within a change. Invariant: each thing that changes is an entry, and what was set is
// remembered; nobody but provisioning.cpp calls this, after the plan was made in the same change.
#pragma once
#include <map>
#include <string>
#include <vector>

#include "core/service/provisioning.h"

namespace authctl::service {

struct PreparedPassword {
  HashedPassword hashed;
  bool generated = false;
};
using PreparedPasswords = std::map<std::string, PreparedPassword>;  // by the user's name

void carry_out(Change& change, Plan& plan, const PlanRules& rules, const PreparedPasswords& passwords,
               std::vector<NewSecret>& secrets);

// Frees the names and addresses that one thing has and another is to get: two may have changed their names by
// hand, an address may move from one user to another, or two may change places.
void make_room(Change& change, const Plan& plan);

// A thing that the manifest names lost that name to another thing of an apply, which has no entry any more.
// Neither may get what the other had, and no --prune may take the wrong one: Error conflict.
[[noreturn]] void refuse_changed_places(ThingKind kind, const std::string& called, const std::string& name);

// What the plan changes in this field; null where that stays.
const FieldChange* change_of(const PlannedThing& thing, std::size_t field);

// What is kept of a thing that is as the plan wants it.
Applied remembered(const PlannedThing& thing, const Fingerprints& fingerprints);

// Runs `work`; an error says which thing of the manifest it is about.
void at_thing(const PlannedThing& thing, const std::function<void()>& work);

}  // namespace authctl::service
