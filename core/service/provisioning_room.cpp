// The room that a plan needs before it is carried out (core/service/plan_execution.h).
#include <set>

#include "core/base/error.h"
#include "core/base/text.h"
#include "core/service/accounts.h"
#include "core/service/clients.h"
#include "core/service/plan_execution.h"

namespace authctl::service {
namespace {

void rename(Change& change, ThingKind kind, const std::string& id, const std::string& name) {
  if (kind == ThingKind::user) {
    update_user(change, {id, {}, name});
  } else {
    const auto row = store::get_client(change.db(), id);
    set_client(change, row, {name, {row.grants, row.redirect_uris, row.scopes, row.is_public}});
  }
}

// Each has a name that is nobody's in between.
void free_wanted_names(Change& change, const Plan& plan) {
  std::set<std::pair<ThingKind, std::string>> wanted;
  for (const auto& thing : plan.things)
    if (thing.name_before) wanted.emplace(thing.kind, base::fold_ascii(thing.name));
  for (const auto& thing : plan.things)
    if (thing.name_before && wanted.contains({thing.kind, base::fold_ascii(*thing.name_before)}))
      at_thing(thing, [&] { rename(change, thing.kind, thing.id, "renamed-" + thing.id); });
}

std::string folded(const std::optional<std::string>& address) {
  return base::fold_ascii(address.value_or(""));
}

// An account that only spells its own address in another way needs no room.
void free_wanted_addresses(Change& change, const Plan& plan) {
  std::set<std::string> wanted;
  for (const auto& thing : plan.things) {
    if (thing.kind != ThingKind::user) continue;
    const auto* email = change_of(thing, 0);
    if (email && folded(email->before.text) != folded(email->after.text))
      wanted.insert(folded(email->after.text));
    if (!email && thing.action == PlanAction::create && thing.fields[0])
      wanted.insert(folded(thing.fields[0]->text));
  }
  for (const auto& thing : plan.things) {
    const auto* email = thing.kind == ThingKind::user ? change_of(thing, 0) : nullptr;
    if (email && email->before.text && wanted.contains(folded(email->before.text)))
      at_thing(thing, [&] { update_user(change, {thing.id, "", {}}); });
  }
}

}  // namespace

void refuse_changed_places(ThingKind kind, const std::string& called, const std::string& name) {
  throw base::Error(base::ErrorCode::conflict,
                    std::string(word_of(kind)) + " " + base::quote(called) +
                        " is the one that the manifest calls " + base::quote(name) +
                        ", and that is the name of another one now",
                    "give them their names back, or name both in the manifest");
}

void make_room(Change& change, const Plan& plan) {
  free_wanted_names(change, plan);
  free_wanted_addresses(change, plan);
}

}  // namespace authctl::service
