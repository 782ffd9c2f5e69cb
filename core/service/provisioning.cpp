#include "core/service/provisioning.h"

#include <algorithm>

#include "core/audit/log.h"
#include "core/base/error.h"
#include "core/base/text.h"
#include "core/crypto/password.h"
#include "core/service/clients.h"
#include "core/service/plan_execution.h"
#include "core/store/manifest_repository.h"
#include "core/store/role_repository.h"
#include "core/store/user_repository.h"

namespace authctl::service {
namespace {

using base::Error;
using base::ErrorCode;
using base::quote;

// Hashing is slow on purpose: it is done before the change, not in it.
PreparedPasswords prepare_passwords(Realm& realm, const Cause& cause, const ApplyRequest& request,
                                    const Plan& plan, std::vector<NewSecret>& secrets) {
  using Source = PasswordReference::Source;
  PreparedPasswords prepared;
  for (const auto& thing : plan.things) {
    if (!thing.sets_password) continue;
    at_thing(thing, [&] {
      const auto& password = *thing.wanted->password;
      const auto& email = thing.fields[0] ? thing.fields[0]
                          : thing.live    ? thing.live->fields[0]
                                          : std::nullopt;
      const credential::PasswordOwner owner{thing.name, email && email->text ? *email->text : "", "authctl",
                                            false};
      if (password.source == Source::hash) {
        const auto scheme = crypto::identify_password_hash(password.value).scheme;
        prepared[thing.name] = {{password.value, std::string(crypto::word_of(scheme))}, false};
      } else if (password.source == Source::file) {
        prepared[thing.name] = {
            hash_new_password(request.read_password(password.value), owner, request.policy, realm.random()),
            false};
      } else if (!cause.dry_run) {
        auto secret = generate_password(realm.random(), request.policy.rules);
        prepared[thing.name] = {hash_new_password(secret, owner, request.policy, realm.random()), true};
        secrets.push_back({ThingKind::user, thing.name, std::move(secret)});
      }
    });
  }
  return prepared;
}

// Nothing is to be changed, and nothing to be remembered.
bool is_settled(Realm& realm, const Plan& plan) {
  if (!plan.changes_nothing()) return false;
  const auto fingerprints = find_fingerprints(realm);
  if (!fingerprints) return plan.things.empty();
  return std::ranges::all_of(plan.things, [&](const PlannedThing& thing) {
    return applied_text(thing.kind, remembered(thing, *fingerprints)) == thing.applied;
  });
}

// What two plans are compared by. The end of a `for` moves with the clock and is left out.
std::string signature_of(const Plan& plan) {
  std::string text;
  for (const auto& thing : plan.things) {
    if (thing.action == PlanAction::keep) continue;
    text += std::to_string(static_cast<int>(thing.action)) + std::string(word_of(thing.kind)) + " " +
            thing.name + " " + thing.id + (thing.name_before ? " was " + *thing.name_before : "") +
            (thing.sets_password ? " password" : "");
    for (const auto& change : thing.changes) {
      text += " " + std::to_string(change.field) + "=" + change.before.text.value_or("");
      for (const auto& element : change.elements)
        text += (element.before ? " -" + key_of(*element.before) : "") +
                (element.after ? " +" + key_of(*element.after) : "");
    }
    text += '\n';
  }
  return text;
}

}  // namespace

ApplyOutcome apply_manifest(Realm& realm, const Cause& cause, const ApplyRequest& request, Plan planned) {
  ApplyOutcome outcome{std::move(planned), {}};
  if (is_settled(realm, outcome.plan)) return outcome;
  const auto agreed = signature_of(outcome.plan);
  const auto passwords = prepare_passwords(realm, cause, request, outcome.plan, outcome.secrets);
  run_change(realm, cause, [&](Change& change) {
    auto plan = std::move(outcome.plan);
    // Every change is in the log: where that has not grown, others need not wait for a second look.
    if (change.realm().log().frontier().size() != plan.log_size) {
      plan = make_plan(change.realm(), *request.manifest, request.rules);
      if (is_settled(change.realm(), plan)) {  // another apply of the same was faster
        outcome = {std::move(plan), {}};
        return;
      }
      if (signature_of(plan) != agreed)
        throw Error(ErrorCode::conflict, "the store was changed while the plan was made", "run it again");
    }
    carry_out(change, plan, request.rules, passwords, outcome.secrets);
    change.record({"manifest.apply",
                   {"manifest", "", ""},
                   audit::Outcome::success,
                   {{"sha256", request.digest},
                    {"created", plan.count(PlanAction::create)},
                    {"changed", plan.count(PlanAction::change)},
                    {"removed", plan.count(PlanAction::remove)}}});
    if (!change.dry_run() && !outcome.secrets.empty()) request.deliver(outcome.secrets);
    outcome.plan = std::move(plan);
  });
  return outcome;
}

bool any_in_force(Realm& realm, std::span<const NewSecret> secrets) {
  return std::ranges::any_of(secrets, [&](const NewSecret& made) {
    if (made.kind == ThingKind::client)
      return standing_of_secret(realm.db(), made.secret.reveal_text(), realm.now()).has_value();
    const auto user = store::find_user(realm.db(), made.name);
    return user && user->password_hash && crypto::verify_password(*user->password_hash, made.secret);
  });
}

Adoption adopt_thing(Realm& realm, const Cause& cause, ThingKind kind, const std::string& name) {
  return change(realm, cause, [&](Change& c) -> Adoption {
    std::optional<LiveThing> thing;
    if (kind == ThingKind::user) {
      thing = load_by_id(realm, kind, store::get_user(c.db(), name).id, c.now());
    } else {
      auto all = load_things(realm, kind, c.now());
      auto found = all.find(base::fold_ascii(name));
      if (found == all.end())
        found = std::ranges::find(
            all, name, [](const auto& entry) -> auto& { return entry.second.id; });
      if (found != all.end()) thing = found->second;
    }
    if (!thing) {
      if (kind == ThingKind::role) store::get_role(c.db(), base::fold_ascii(name));  // says what is near
      throw Error(ErrorCode::not_found, "there is no " + std::string(word_of(kind)) + " " + quote(name),
                  "authctl export shows what there is");
    }
    auto row = store::find_manifest_row(c.db(), word_of(kind), thing->id);
    if (row && row->owned) return {thing->id, thing->name, false};
    if (!row) {
      Applied applied;
      applied.name = make_fingerprints(c).of(base::fold_ascii(thing->name));
      row = store::ManifestRow{std::string(word_of(kind)), thing->id, false, applied_text(kind, applied),
                               c.now()};
    }
    row->owned = true;
    store::put_manifest_rows(c.db(), {&*row, 1});
    c.record({"manifest.adopt",
              {std::string(word_of(kind)), thing->id, thing->name},
              audit::Outcome::success,
              {}});
    return {thing->id, thing->name, true};
  });
}

}  // namespace authctl::service
