// What an apply would do (core/service/provisioning.h): the manifest held against the store and against what
// the last apply set.
#include <algorithm>
#include <set>

#include "core/audit/log.h"
#include "core/base/error.h"
#include "core/base/text.h"
#include "core/service/plan_execution.h"
#include "core/store/manifest_repository.h"
#include "core/store/role_repository.h"
#include "core/store/user_repository.h"

namespace authctl::service {
namespace {

using base::Error;
using base::ErrorCode;
using base::quote;

constexpr std::size_t few = 10, a_fifth = 5;

struct Memory {
  store::ManifestRow row;
  Applied applied;
};

// The things of one kind: what is wanted, what stands, what is remembered.
class KindPlanner {
 public:
  KindPlanner(Realm& realm, ThingKind kind, const std::optional<Fingerprints>& fingerprints)
      : realm_(realm), kind_(kind), now_(realm.now()), fingerprints_(fingerprints) {}

  void plan(const Manifest& manifest, Plan& plan) {
    std::vector<std::string> names;
    for (const auto& thing : manifest.things)
      if (thing.kind == kind_) names.push_back(base::fold_ascii(thing.name));
    wanted_names_.insert(names.begin(), names.end());
    live_ = kind_ == ThingKind::user ? load_users(realm_, names, now_) : load_things(realm_, kind_, now_);
    remember();
    find_renamed();
    for (const auto& thing : manifest.things)
      if (thing.kind == kind_) plan.things.push_back(plan_thing(thing));
  }

  // What an apply made and the manifest no longer names.
  std::vector<LiveThing> left_over() {
    std::vector<LiveThing> left;
    for (const auto& [id, memory] : memories_) {
      if (!memory.row.owned || taken_.contains(id)) continue;
      if (auto thing = find_by_id(id)) left.push_back(std::move(*thing));
    }
    std::ranges::sort(left, {}, &LiveThing::name);
    return left;
  }
  const std::set<std::string>& wanted_names() const { return wanted_names_; }
  const LiveThings& live() const { return live_; }

 private:
  void remember() {
    for (auto& row : store::manifest_rows(realm_.db(), word_of(kind_))) {
      auto applied = parse_applied(kind_, row.applied);
      ids_by_name_.emplace(applied.name, row.id);
      auto id = row.id;
      memories_.emplace(std::move(id), Memory{std::move(row), std::move(applied)});
    }
  }

  std::optional<LiveThing> find_by_id(const std::string& id) {
    if (kind_ == ThingKind::user) return load_by_id(realm_, kind_, id, now_);
    for (const auto& [name, thing] : live_)
      if (thing.id == id) return thing;
    return std::nullopt;
  }

  PlannedThing plan_thing(const ManifestThing& wanted) {
    PlannedThing thing;
    thing.kind = kind_;
    thing.name = wanted.name;
    thing.wanted = &wanted;
    const auto name = base::fold_ascii(wanted.name);
    const auto found = live_.find(name);
    if (const auto renamed = renamed_.find(name); renamed != renamed_.end()) {
      thing.live = renamed->second;
      thing.drift = true;
    } else if (found != live_.end()) {
      thing.live = found->second;
    } else {
      thing.drift = known_id(name).has_value();  // deleted by hand
    }
    const Memory* memory = nullptr;
    if (thing.live) {
      const auto at = memories_.find(thing.live->id);
      if (at != memories_.end()) memory = &at->second;
    }
    settle(thing, memory);
    return thing;
  }

  // What the last apply knew by this name.
  std::optional<std::string> known_id(const std::string& name) const {
    if (!fingerprints_) return std::nullopt;
    const auto known = ids_by_name_.find(fingerprints_->of(name));
    return known == ids_by_name_.end() ? std::nullopt : std::optional(known->second);
  }

  // The things that an apply knew by the name of an entry and that somebody has renamed since: they are the
  // entry's still. A thing that nobody's apply knew keeps the name it has, and so does one whose own entry
  // would find nothing else. So entries depend on each other, as where two have changed their names: an entry
  // counts until one that it depends on does not.
  void find_renamed() {
    if (kind_ != ThingKind::user && kind_ != ThingKind::client) return;
    std::map<std::string, std::string> entry_of;  // by the id of what it knew
    for (const auto& name : wanted_names_) {
      const auto id = known_id(name);
      if (!id) continue;
      entry_of.emplace(*id, name);
      const auto holder = live_.find(name);
      if (holder != live_.end() && holder->second.id == *id) continue;
      if (auto thing = find_by_id(*id)) renamed_.emplace(name, std::move(*thing));
    }
    const auto stays = [&](const auto& entry) {
      const auto now_called = base::fold_ascii(entry.second.name);
      if (wanted_names_.contains(now_called) && !renamed_.contains(now_called)) return false;
      const auto holder = live_.find(entry.first);
      if (holder == live_.end()) return true;
      const auto owner = entry_of.find(holder->second.id);
      if (owner == entry_of.end() && memories_.contains(holder->second.id))
        refuse_changed_places(kind_, entry.second.name, holder->second.name);
      return owner != entry_of.end() && renamed_.contains(owner->second);
    };
    while (std::erase_if(renamed_, [&](const auto& entry) { return !stays(entry); }) > 0) {
    }
  }

  void settle(PlannedThing& thing, const Memory* memory) {
    thing.owned = thing.live ? memory != nullptr && memory->row.owned : true;
    if (memory) thing.applied = memory->row.applied;
    if (thing.live) {
      thing.id = thing.live->id;
      taken_.insert(thing.id);
    }
    want_fields(thing, memory);
    judge_password(thing, memory);
    if (!thing.live) {
      thing.action = PlanAction::create;
      return;
    }
    if (thing.live->name != thing.name) thing.name_before = thing.live->name;
    thing.drift = thing.name_before && thing.drift;
    compare_fields(thing, memory);
    const bool same = thing.changes.empty() && !thing.name_before && !thing.sets_password;
    thing.action = same ? PlanAction::keep : PlanAction::change;
  }

  // As the manifest says; where it no longer says what the last apply set, as if nobody had ever said it.
  void want_fields(PlannedThing& thing, const Memory* memory) {
    const auto fields = fields_of(kind_);
    for (std::size_t i = 0; i < fields.size(); ++i) {
      thing.fields[i] = thing.wanted->fields[i];
      const bool no_longer = !thing.fields[i] && memory && memory->applied.fields[i];
      if (no_longer) thing.fields[i] = fallback_of(fields[i]);
      if (thing.fields[i] && fields[i].form == FieldForm::assignments)
        set_ends(thing, *thing.fields[i], memory);
    }
    // A client whose grants are no longer told keeps them: none at all is no client.
    if (kind_ == ThingKind::client && !thing.wanted->fields[0]) thing.fields[0].reset();
  }

  void set_ends(PlannedThing& thing, FieldValue& roles, const Memory* memory) {
    for (auto& element : roles.elements) {
      if (!element.lasts) continue;
      const auto key = key_of(element);
      const AppliedEnd* known = nullptr;
      if (memory && fingerprints_) {
        const auto at = memory->applied.ends.find(fingerprints_->of(key));
        if (at != memory->applied.ends.end() && at->second.lasts == *element.lasts) known = &at->second;
      }
      // Whole seconds, so that a plan that is made twice within one says the same; never longer than told.
      const AppliedEnd end =
          known ? *known
                : AppliedEnd{*element.lasts, std::chrono::floor<std::chrono::seconds>(now_ + *element.lasts)};
      thing.ends[key] = end;
      element.until = end.until;
      element.lasts.reset();
    }
  }

  // At the beginning, and where the reference has changed: people change their own passwords.
  void judge_password(PlannedThing& thing, const Memory* memory) {
    if (!thing.wanted->password) return;
    const auto& password = *thing.wanted->password;
    if (!thing.live || !thing.live->has_password) {
      thing.sets_password = true;
      return;
    }
    const bool known = memory && fingerprints_ && memory->applied.password;
    if (!known || *memory->applied.password == fingerprints_->of(text_of(password))) return;
    const auto user = store::find_user_by_id(realm_.db(), thing.id);
    thing.sets_password =
        password.source != PasswordReference::Source::hash || !user || user->password_hash != password.value;
  }

  void compare_fields(PlannedThing& thing, const Memory* memory) {
    const auto fields = fields_of(kind_);
    for (std::size_t i = 0; i < fields.size(); ++i) {
      if (!thing.fields[i]) continue;
      const auto& before = *thing.live->fields[i];
      const auto& after = *thing.fields[i];
      if (before == after) continue;
      FieldChange change{i, before, after, {}, false};
      const auto* applied = memory && memory->applied.fields[i] ? &*memory->applied.fields[i] : nullptr;
      if (fields[i].is_set()) {
        compare_elements(change, applied);
        if (change.elements.empty()) continue;
      } else {
        change.drift = applied && fingerprints_ && *applied != fingerprints_->of(fields[i], before);
      }
      thing.changes.push_back(std::move(change));
    }
  }

  bool was_applied(const std::vector<std::string>& applied, const Element& element) const {
    return std::ranges::binary_search(applied, fingerprints_->of(element));
  }

  void compare_elements(FieldChange& change, const std::vector<std::string>* applied) const {
    const bool knows = applied != nullptr && fingerprints_;
    std::map<std::string, const Element*> before;
    for (const auto& element : change.before.elements) before.emplace(key_of(element), &element);
    for (const auto& element : change.after.elements) {
      if (is_over(element, now_)) continue;
      const auto held = before.find(key_of(element));
      if (held == before.end()) {
        change.elements.push_back({{}, element, knows && was_applied(*applied, element)});
        continue;
      }
      if (*held->second != element)
        change.elements.push_back({*held->second, element, knows && !was_applied(*applied, *held->second)});
      before.erase(held);
    }
    for (const auto& [key, element] : before)
      change.elements.push_back({*element, {}, knows && !was_applied(*applied, *element)});
  }

  Realm& realm_;
  ThingKind kind_;
  base::Timestamp now_;
  const std::optional<Fingerprints>& fingerprints_;
  LiveThings live_;
  std::set<std::string> wanted_names_, taken_;
  std::map<std::string, Memory> memories_;
  std::map<std::string, std::string> ids_by_name_;
  LiveThings renamed_;  // by the name of their entry
};

// Every role that is inherited or assigned has to be there when the plan is done.
class RoleNames {
 public:
  RoleNames(const LiveThings& live, const Manifest& manifest, const Plan& plan) {
    for (const auto& [name, role] : live) names_.insert(name);
    for (const auto& thing : plan.things)
      if (thing.kind == ThingKind::role && thing.action == PlanAction::remove) names_.erase(thing.name);
    for (const auto& thing : manifest.things)
      if (thing.kind == ThingKind::role) names_.insert(thing.name);
  }
  void check(const ManifestThing& thing) const {
    const std::size_t field = thing.kind == ThingKind::role ? 1 : 2;
    if (!thing.fields[field]) return;
    for (const auto& element : thing.fields[field]->elements)
      if (!names_.contains(element.name)) refuse(thing, element.name);
  }

 private:
  [[noreturn]] void refuse(const ManifestThing& thing, const std::string& name) const {
    const std::vector<std::string> all(names_.begin(), names_.end());
    const auto near = base::nearest(name, all);
    throw Error(ErrorCode::invalid,
                "line " + std::to_string(thing.line) + ", " + std::string(word_of(thing.kind)) + " " +
                    quote(thing.name) + ": there is no role " + quote(name),
                near ? "did you mean " + *near + "?" : "add it to roles");
  }
  std::set<std::string> names_;
};

// The hierarchy of the manifest's own roles, walked once.
void refuse_circles(const Manifest& manifest) {
  std::map<std::string_view, const ManifestThing*> roles;
  for (const auto& thing : manifest.things)
    if (thing.kind == ThingKind::role) roles.emplace(thing.name, &thing);
  std::set<std::string_view> done;
  for (const auto& [start, first] : roles) {
    // Depth first, without recursion: a hierarchy may be as deep as there are roles.
    std::vector<std::pair<const ManifestThing*, std::size_t>> path{{first, 0}};
    std::set<std::string_view> on_path{start};
    if (done.contains(start)) continue;
    while (!path.empty()) {
      auto& [role, next] = path.back();
      const auto& parents = role->fields[1];
      if (!parents || next == parents->elements.size()) {
        done.insert(role->name);
        on_path.erase(role->name);
        path.pop_back();
        continue;
      }
      const auto parent = roles.find(parents->elements[next++].name);
      if (parent == roles.end() || done.contains(parent->first)) continue;
      if (on_path.contains(parent->first)) {
        std::string circle;
        for (const auto& step : path) circle += step.first->name + " -> ";
        throw Error(ErrorCode::precondition,
                    "line " + std::to_string(parent->second->line) +
                        ": inheritance would go round in a circle: " + circle + std::string(parent->first),
                    "take one of these out of inherits");
      }
      on_path.insert(parent->first);
      path.emplace_back(parent->second, 0);
    }
  }
}

void add_removals(Realm& realm, ThingKind kind, std::vector<LiveThing> left, const PlanRules& rules,
                  Plan& plan) {
  if (left.empty()) return;
  if (!rules.prune) {
    plan.notices.push_back(plural_of(kind, left.size()) + " that an earlier apply made " +
                           (left.size() == 1 ? "is" : "are") + " not in the manifest: --prune deletes " +
                           (left.size() == 1 ? "it" : "them"));
    return;
  }
  const auto all = count_things(realm, kind, realm.now());
  if (left.size() > few && left.size() * a_fifth > all && !rules.force)
    throw Error(ErrorCode::precondition,
                "--prune would delete " + plural_of(kind, left.size()) + " of " + std::to_string(all) +
                    ", more than a fifth",
                "look at `authctl diff -f FILE --prune`, then --force");
  for (auto& thing : left) {
    PlannedThing gone;
    gone.action = PlanAction::remove;
    gone.kind = kind;
    gone.name = thing.name;
    gone.id = thing.id;
    gone.owned = true;
    gone.live = std::move(thing);
    plan.things.push_back(std::move(gone));
  }
}

}  // namespace

std::size_t Plan::count(PlanAction action) const {
  return static_cast<std::size_t>(std::ranges::count(things, action, &PlannedThing::action));
}

std::size_t Plan::removed(ThingKind kind) const {
  return static_cast<std::size_t>(std::ranges::count_if(
      things, [&](const auto& thing) { return thing.kind == kind && thing.action == PlanAction::remove; }));
}

Plan make_plan(Realm& realm, const Manifest& manifest, const PlanRules& rules) {
  refuse_circles(manifest);
  Plan plan;
  plan.log_size = audit::read_head(realm.db()).frontier.size();
  const auto fingerprints = find_fingerprints(realm);
  plan.is_first = !fingerprints;
  std::vector<std::vector<LiveThing>> left(all_thing_kinds.size());
  LiveThings roles;
  for (std::size_t i = 0; i < all_thing_kinds.size(); ++i) {
    const auto kind = all_thing_kinds[i];
    if (!manifest.has(kind)) continue;
    KindPlanner planner(realm, kind, fingerprints);
    planner.plan(manifest, plan);
    left[i] = planner.left_over();
    if (kind == ThingKind::role) roles = planner.live();
  }
  if (!manifest.has(ThingKind::role) && manifest.has(ThingKind::user))
    roles = load_things(realm, ThingKind::role, realm.now());
  for (std::size_t i = 0; i < left.size(); ++i)
    add_removals(realm, all_thing_kinds[i], std::move(left[i]), rules, plan);
  const RoleNames names(roles, manifest, plan);
  for (const auto& thing : manifest.things)
    if (thing.kind == ThingKind::role || thing.kind == ThingKind::user) names.check(thing);
  return plan;
}

std::string prune_question(const Plan& plan) {
  std::vector<std::string> parts;
  for (const auto kind : all_thing_kinds)
    if (const auto count = plan.removed(kind); count > 0) parts.push_back(plural_of(kind, count));
  if (parts.empty()) return "nothing is to be deleted: apply the manifest?";
  std::string text = "delete ";
  for (std::size_t i = 0; i < parts.size(); ++i)
    text += (i == 0 ? "" : i + 1 == parts.size() ? " and " : ", ") + parts[i];
  return text + " that the manifest no longer names?";
}

}  // namespace authctl::service
