// A plan carried out (core/service/plan_execution.h). Order: what goes is taken first where its name may be
// wanted again, roles before those who hold them, and the roles that go last, when nobody holds them.
#include <algorithm>

#include "core/base/error.h"
#include "core/base/text.h"
#include "core/service/accounts.h"
#include "core/service/clients.h"
#include "core/service/keyring_rotation.h"
#include "core/service/last_admin.h"
#include "core/service/plan_execution.h"
#include "core/service/role_assignments.h"
#include "core/service/roles.h"
#include "core/store/manifest_repository.h"

namespace authctl::service {
namespace {

using base::Error;
using base::ErrorCode;
using base::quote;

// A message that names its thing itself gets the line only.
std::string with_place(const PlannedThing& thing, const std::string& message) {
  const std::string line = thing.wanted ? "line " + std::to_string(thing.wanted->line) : "";
  const std::string name = std::string(word_of(thing.kind)) + " " + quote(thing.name);
  if (message.starts_with(name)) return line.empty() ? message : line + ": " + message;
  return (line.empty() ? "" : line + ", ") + name + ": " + message;
}

class Applier {
 public:
  Applier(Change& change, const PlanRules& rules, const PreparedPasswords& passwords,
          std::vector<NewSecret>& secrets)
      : change_(change),
        db_(change.db()),
        rules_(rules),
        passwords_(passwords),
        secrets_(secrets),
        fingerprints_(make_fingerprints(change)) {}

  void run(Plan& plan) {
    const auto force = rules_.force;
    const LastAdminInterlock interlock(db_, change_.now(), force);
    each(plan, PlanAction::remove, [&](PlannedThing& thing) {
      if (thing.kind != ThingKind::role) remove(thing);
    });
    apply_roles(plan);
    make_room(change_, plan);
    for (auto& thing : plan.things)
      if (thing.kind != ThingKind::role &&
          (thing.action == PlanAction::create || thing.action == PlanAction::change))
        at_thing(thing, [&] { set(thing); });
    put_new_users();
    store::put_assignments(db_, assignments_);
    remove_roles(plan);
    interlock.verify();
    remember(plan);
  }

 private:
  template <class Visit>
  void each(Plan& plan, PlanAction action, Visit visit) {
    for (auto& thing : plan.things)
      if (thing.action == action) at_thing(thing, [&] { visit(thing); });
  }

  void remove(const PlannedThing& thing) {
    if (thing.kind == ThingKind::user) delete_user(change_, thing.id, true);
    if (thing.kind == ThingKind::client) delete_client(change_, thing.id);
    if (thing.kind == ThingKind::key) set_policy(thing, std::nullopt);
    if (thing.kind == ThingKind::setting) set_setting(thing, std::nullopt);
    store::delete_manifest_row(db_, word_of(thing.kind), thing.id);
  }

  // What is taken away first, so that a line of inheritance may be turned round.
  void apply_roles(Plan& plan) {
    for (auto& thing : plan.things) {
      if (thing.kind != ThingKind::role) continue;
      if (thing.action == PlanAction::create)
        at_thing(thing, [&] {
          const auto& description = thing.fields[0];
          thing.id =
              create_role(change_, {thing.name, description ? description->text.value_or("") : "", {}}).id;
        });
      if (thing.action == PlanAction::change) at_thing(thing, [&] { take_from_role(thing); });
    }
    for (auto& thing : plan.things)
      if (thing.kind == ThingKind::role &&
          (thing.action == PlanAction::create || thing.action == PlanAction::change))
        at_thing(thing, [&] { give_to_role(thing); });
  }

  // The elements that come (also where they get another end) or go.
  std::vector<Element> coming(const PlannedThing& thing, std::size_t field) const {
    std::vector<Element> elements;
    if (thing.action == PlanAction::create && thing.fields[field]) {
      for (const auto& element : thing.fields[field]->elements)
        if (!is_over(element, change_.now())) elements.push_back(element);
    } else if (const auto* change = change_of(thing, field)) {
      for (const auto& element : change->elements)
        if (element.after) elements.push_back(*element.after);
    }
    return elements;
  }
  std::vector<Element> going(const PlannedThing& thing, std::size_t field) const {
    std::vector<Element> elements;
    if (const auto* change = change_of(thing, field))
      for (const auto& element : change->elements)
        if (!element.after) elements.push_back(*element.before);
    return elements;
  }
  static std::vector<std::string> names_of(const std::vector<Element>& elements) {
    std::vector<std::string> names;
    for (const auto& element : elements) names.push_back(element.name);
    return names;
  }
  // A request for each resource.
  static std::vector<GrantRequest> grant_requests(const std::string& role,
                                                  const std::vector<Element>& grants) {
    std::map<std::string, GrantRequest> by_resource;
    for (const auto& grant : grants) {
      auto& request =
          by_resource.try_emplace(grant.resource, GrantRequest{role, {}, grant.resource, true}).first->second;
      request.permissions.push_back(grant.name);
    }
    std::vector<GrantRequest> requests;
    for (auto& [resource, request] : by_resource) requests.push_back(std::move(request));
    return requests;
  }

  void take_from_role(const PlannedThing& thing) {
    if (const auto parents = names_of(going(thing, 1)); !parents.empty())
      update_role(change_, {thing.name, {}, {}, parents, true});
    for (const auto& request : grant_requests(thing.name, going(thing, 2)))
      revoke_permissions(change_, request);
  }

  void give_to_role(const PlannedThing& thing) {
    RoleUpdate update{thing.name, {}, names_of(coming(thing, 1)), {}, true};
    if (const auto* description = change_of(thing, 0))
      update.description = description->after.text.value_or("");
    if (update.description || !update.inherits.empty()) update_role(change_, update);
    for (const auto& request : grant_requests(thing.name, coming(thing, 2)))
      grant_permissions(change_, request);
  }

  void set(PlannedThing& thing) {
    if (thing.kind == ThingKind::user) return set_user(thing);
    if (thing.kind == ThingKind::client) return set_client_thing(thing);
    thing.id = thing.name;
    if (thing.kind == ThingKind::setting) return set_setting(thing, thing.fields[0]->text);
    set_policy(thing, policy_of(thing));
  }

  void set_user(PlannedThing& thing) {
    const auto password = passwords_.find(thing.name);
    const bool must_change = thing.wanted->password && thing.wanted->password->must_change;
    if (thing.action == PlanAction::create) {
      UserDraft draft;
      draft.name = thing.name;
      if (thing.fields[0]) draft.email = thing.fields[0]->text.value_or("");
      draft.disabled = thing.fields[1] && thing.fields[1]->text == "disabled";
      draft.must_change = must_change;
      if (password != passwords_.end()) draft.carried = password->second.hashed;
      new_users_.push_back(record_user(change_, draft));
      makers_.push_back(&thing);
      thing.id = new_users_.back().id;
    } else {
      update_account(thing);
      if (thing.sets_password && password != passwords_.end())
        put_password(change_, store::get_user(db_, thing.id), password->second.hashed, must_change,
                     password->second.generated);
    }
    set_assignments(thing);
  }

  // Many with few calls to the store; where one of a portion may be in the way, each by itself, which says
  // so.
  void put_new_users() {
    constexpr std::size_t portion = 64;
    for (std::size_t at = 0; at < new_users_.size(); at += portion) {
      const auto count = std::min(portion, new_users_.size() - at);
      if (store::insert_free_users(db_, std::span(new_users_).subspan(at, count))) continue;
      for (std::size_t i = at; i < at + count; ++i)
        at_thing(*makers_[i], [&] { store::insert_user(db_, new_users_[i]); });
    }
  }

  void update_account(const PlannedThing& thing) {
    UserUpdate update{thing.id, {}, {}};
    if (const auto* email = change_of(thing, 0)) update.email = email->after.text.value_or("");
    if (thing.name_before) update.rename = thing.name;
    if (update.email || update.rename) update_user(change_, update);
    const auto* status = change_of(thing, 1);
    if (status == nullptr) return;
    if (status->after.text == "disabled") {
      disable_user(change_, thing.id, true);
    } else {
      enable_user(change_, thing.id);
    }
  }

  void set_assignments(const PlannedThing& thing) {
    const auto row_of = [&](const Element& element) {
      const auto& role = role_named(element.name);
      return store::AssignmentRow{thing.id,      role.id,    element.resource, element.until,
                                  change_.now(), thing.name, role.name,        true};
    };
    for (const auto& element : going(thing, 2)) remove_assignment(change_, row_of(element));
    for (const auto& element : coming(thing, 2)) {
      assignments_.push_back(row_of(element));
      record_assignment(change_, assignments_.back());
    }
  }

  const store::RoleRow& role_named(const std::string& name) {
    const auto known = roles_.find(name);
    if (known != roles_.end()) return known->second;
    return roles_.emplace(name, store::get_role(db_, name)).first->second;
  }

  void set_client_thing(PlannedThing& thing) {
    const auto field = [&](std::size_t i) -> const FieldValue& {
      static const FieldValue none;
      if (thing.fields[i]) return *thing.fields[i];
      return thing.live ? *thing.live->fields[i] : none;
    };
    const ClientDraft draft{thing.name,
                            {names_of(field(0).elements), names_of(field(1).elements),
                             names_of(field(2).elements), field(3).text == "true"}};
    const bool is_new = thing.action == PlanAction::create;
    auto outcome =
        is_new ? create_client(change_, draft) : set_client(change_, store::get_client(db_, thing.id), draft);
    thing.id = outcome.client.id;
    if (outcome.secret) secrets_.push_back({ThingKind::client, thing.name, std::move(*outcome.secret)});
    if (is_new ? field(4).text == "disabled" : change_of(thing, 4) != nullptr) {
      if (field(4).text == "disabled")
        disable_client(change_, thing.id);
      else
        enable_client(change_, thing.id);
    }
  }

  KeyPolicy policy_of(const PlannedThing& thing) const {
    const auto text = [&](std::size_t i) -> std::optional<std::string> {
      if (thing.fields[i]) return thing.fields[i]->text;
      return thing.live ? thing.live->fields[i]->text : std::nullopt;
    };
    KeyPolicy policy;
    policy.alg = text(0).value_or("");
    if (const auto every = text(1)) policy.rotate_every = base::parse_duration(*every).value();
    if (const auto grace = text(2)) policy.grace = base::parse_duration(*grace);
    return policy;
  }

  void set_policy(const PlannedThing& thing, const std::optional<KeyPolicy>& policy) {
    const auto use = store::parse_key_use(thing.name).value();
    set_key_policy(change_, use, policy);
    base::json::object detail{
        {"use", thing.name}, {"alg", nullptr}, {"rotate_every_seconds", nullptr}, {"grace_seconds", nullptr}};
    if (policy && !policy->alg.empty()) detail["alg"] = policy->alg;
    if (policy && policy->rotate_every.count() > 0)
      detail["rotate_every_seconds"] = policy->rotate_every.count();
    if (policy && policy->grace) detail["grace_seconds"] = policy->grace->count();
    change_.record(
        {"key.policy", {"key", thing.name, thing.name}, audit::Outcome::success, std::move(detail)});
  }

  void set_setting(const PlannedThing& thing, const std::optional<std::string>& value) {
    if (value) {
      store::put_stored_setting(db_, thing.name, *value, change_.now());
    } else {
      store::delete_stored_setting(db_, thing.name);
    }
    base::json::object detail{{"value", nullptr}, {"value_before", nullptr}};
    if (value) detail["value"] = *value;
    if (thing.live) detail["value_before"] = *thing.live->fields[0]->text;
    change_.record(
        {"config.update", {"setting", thing.name, thing.name}, audit::Outcome::success, std::move(detail)});
  }

  void remove_roles(Plan& plan) {
    std::map<std::string, std::string> going_ids;
    for (const auto& thing : plan.things)
      if (thing.kind == ThingKind::role && thing.action == PlanAction::remove)
        going_ids.emplace(thing.name, thing.id);
    // Among themselves they are no reason to stay.
    for (const auto& thing : plan.things) {
      if (thing.kind != ThingKind::role || thing.action != PlanAction::remove) continue;
      for (const auto& parent : thing.live->fields[1]->elements)
        if (const auto other = going_ids.find(parent.name); other != going_ids.end())
          store::delete_inheritance(db_, thing.id, other->second);
    }
    each(plan, PlanAction::remove, [&](PlannedThing& thing) {
      if (thing.kind != ThingKind::role) return;
      delete_role(change_, thing.name, rules_.force);
      store::delete_manifest_row(db_, "role", thing.id);
    });
  }

  void remember(const Plan& plan) {
    std::vector<store::ManifestRow> rows;
    for (const auto& thing : plan.things) {
      if (thing.action == PlanAction::remove) continue;
      auto text = applied_text(thing.kind, remembered(thing, fingerprints_));
      if (text != thing.applied)
        rows.push_back(
            {std::string(word_of(thing.kind)), thing.id, thing.owned, std::move(text), change_.now()});
    }
    store::put_manifest_rows(db_, rows);
  }

  Change& change_;
  store::Database& db_;
  const PlanRules& rules_;
  const PreparedPasswords& passwords_;
  std::vector<NewSecret>& secrets_;
  Fingerprints fingerprints_;
  std::map<std::string, store::RoleRow> roles_;
  // What comes is recorded in its turn and written together, at the end.
  std::vector<store::UserRow> new_users_;
  std::vector<const PlannedThing*> makers_;  // of each of them
  std::vector<store::AssignmentRow> assignments_;
};

}  // namespace

const FieldChange* change_of(const PlannedThing& thing, std::size_t field) {
  const auto found = std::ranges::find(thing.changes, field, &FieldChange::field);
  return found == thing.changes.end() ? nullptr : &*found;
}

void at_thing(const PlannedThing& thing, const std::function<void()>& work) {
  try {
    work();
  } catch (const Error& error) {
    if (error.code() == ErrorCode::unavailable || error.code() == ErrorCode::internal) throw;
    throw Error(error.code(), with_place(thing, error.message()), error.hint());
  }
}

Applied remembered(const PlannedThing& thing, const Fingerprints& fingerprints) {
  Applied applied;
  applied.name = fingerprints.of(base::fold_ascii(thing.name));
  const auto fields = fields_of(thing.kind);
  for (std::size_t i = 0; i < fields.size(); ++i)
    if (thing.wanted->fields[i] && thing.fields[i])
      applied.fields[i] = fingerprints.of(fields[i], *thing.fields[i]);
  if (thing.wanted->password) applied.password = fingerprints.of(text_of(*thing.wanted->password));
  for (const auto& [key, end] : thing.ends) applied.ends.emplace(fingerprints.of(key), end);
  return applied;
}

void carry_out(Change& change, Plan& plan, const PlanRules& rules, const PreparedPasswords& passwords,
               std::vector<NewSecret>& secrets) {
  Applier(change, rules, passwords, secrets).run(plan);
}

}  // namespace authctl::service
