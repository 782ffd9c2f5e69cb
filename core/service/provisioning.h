// Provisioning: a store made to be as a manifest says, by a plan that is shown first.
// Invariants: an apply is one change with an entry for each thing changed; what is so already is not touched,
// and a second apply writes nothing. Each difference is told apart three ways (what the manifest says, what
// stands, what the last apply set), so that a change by hand shows as drift. --prune deletes only what an
// apply made or somebody adopted, and nothing of a section that is not there.
#pragma once
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/service/account_password.h"
#include "core/service/applied.h"
#include "core/service/live_state.h"

namespace authctl::service {

// An assignment whose end has come stands in the manifest and nowhere else.
inline bool is_over(const Element& element, base::Timestamp now) {
  return element.until && *element.until <= now;
}

enum class PlanAction { keep, create, change, remove };

// One element of a set that comes, goes, or gets another end.
struct ElementChange {
  std::optional<Element> before, after;
  bool drift = false;
};
struct FieldChange {
  std::size_t field = 0;  // in fields_of()
  FieldValue before, after;
  std::vector<ElementChange> elements;
  bool drift = false;
};

struct PlannedThing {
  PlanAction action = PlanAction::keep;
  ThingKind kind = ThingKind::role;
  std::string name, id;                   // the id is empty until it is made
  const ManifestThing* wanted = nullptr;  // nothing for what is removed
  FieldValues fields;                     // as they are to be, where the manifest or the last apply says so
  std::optional<LiveThing> live;
  std::optional<std::string> name_before;  // it is to be called as the manifest calls it
  std::vector<FieldChange> changes;
  bool sets_password = false;
  bool drift = false;  // made anew because somebody deleted it; renamed by somebody
  bool owned = false;
  std::map<std::string, AppliedEnd> ends;  // by key_of(element)
  std::string applied;                     // what is remembered now
};

struct Plan {
  std::vector<PlannedThing> things;  // in the order of the manifest, then what is removed
  std::vector<std::string> notices;
  bool is_first = false;       // nothing was ever applied
  std::uint64_t log_size = 0;  // of the store when it was made: as long as that holds, so does the plan
  std::size_t count(PlanAction action) const;
  std::size_t removed(ThingKind kind) const;
  bool changes_nothing() const { return count(PlanAction::keep) == things.size(); }
};

struct PlanRules {
  bool prune = false, force = false;
};
// Error invalid for a role that is nowhere, precondition where --prune would take more than --force allows.
Plan make_plan(Realm& realm, const Manifest& manifest, const PlanRules& rules);

// How --prune is asked about: "delete 2 roles and 1 user …?"
std::string prune_question(const Plan& plan);

struct NewSecret {
  ThingKind kind;
  std::string name;
  base::Secret secret;
};

// Whether one of them opens anything now: a client's secret, a user's password.
bool any_in_force(Realm& realm, std::span<const NewSecret> secrets);

struct ApplyRequest {
  const Manifest* manifest = nullptr;
  std::string digest;  // of the text: stands in the log
  PlanRules rules;
  PasswordPolicy policy;
  std::function<base::Secret(const std::string&)> read_password;  // by the name of its file
  // Before the change is committed: what throws here undoes all of it.
  std::function<void(const std::vector<NewSecret>&)> deliver;
};
struct ApplyOutcome {
  Plan plan;
  std::vector<NewSecret> secrets;  // none on a dry run
};
// `planned`: what was shown and agreed to. Error conflict where the store has changed since so that the plan
// is another one.
ApplyOutcome apply_manifest(Realm& realm, const Cause& cause, const ApplyRequest& request, Plan planned);

// What the plan does, as objects like those of JSON Patch (RFC 6902):
// op path kind name from value drift
std::vector<base::json::object> plan_json(const Plan& plan);
// The same for a person: + ~ - lines.
std::string draw_plan(const Plan& plan);

struct ExportRules {
  bool with_passwords = true;  // their hashes
};
Manifest export_manifest(Realm& realm, const ExportRules& rules);

// Makes a thing one of the manifest's: --prune may delete it from now on. kind name id adopted
struct Adoption {
  std::string id, name;
  bool is_new = true;
};
Adoption adopt_thing(Realm& realm, const Cause& cause, ThingKind kind, const std::string& name);

}  // namespace authctl::service
