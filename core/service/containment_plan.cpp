// What `incident contain` is going to do, and what hangs on it.
#include <set>

#include "core/audit/query.h"
#include "core/base/error.h"
#include "core/base/shell_word.h"
#include "core/base/text.h"
#include "core/service/access.h"
#include "core/service/access_pattern.h"
#include "core/service/accounts.h"
#include "core/service/clients.h"
#include "core/service/containment.h"
#include "core/service/key_radius.h"
#include "core/store/session_repository.h"

namespace authctl::service {
namespace {

using base::Error;
using base::ErrorCode;
using store::IncidentRepository;
using store::KeyRow;
using store::KeyState;
using store::KeyUse;

constexpr std::size_t most_named = 5;

std::int64_t size_of(const std::vector<std::string>& things) {
  return static_cast<std::int64_t>(things.size());
}

void describe_lock(Realm& realm, ContainStep& step) {
  const auto user = store::find_user_by_id(realm.db(), step.target);
  if (!user) return step.notes.push_back("the account is gone");
  const auto now = realm.now();
  IncidentRepository incidents(realm.db());
  const auto codes = incidents.one_time_things(user->id, now);
  step.name = user->name;
  step.ends = {{"accounts", user->status == store::UserStatus::active ? 1 : 0},
               {"sessions", size_of(store::SessionRepository(realm.db()).unended(user->id, ""))},
               {"tokens", incidents.live_tokens(user->id, now)},
               {"sign_ins_under_way", codes.challenges},
               {"password_resets", codes.resets}};
  if (user->status == store::UserStatus::disabled) step.notes.push_back("the account is disabled already");
}

void describe_codes(Realm& realm, ContainStep& step) {
  const auto user = store::find_user_by_id(realm.db(), step.target);
  if (user) step.name = user->name;
  const auto codes = IncidentRepository(realm.db()).one_time_things(step.target, realm.now());
  step.ends = {{"backup_codes", codes.backup_codes}};
  if (!step.target.empty()) return;
  step.ends["sign_ins_under_way"] = codes.challenges;
  step.ends["password_resets"] = codes.resets;
}

void name_some(ContainStep& step, const std::vector<std::string>& names, const std::string& before,
               const std::string& after, const std::string& what) {
  for (std::size_t i = 0; i < names.size() && i < most_named; ++i)
    step.notes.push_back(before + names[i] + after);
  if (names.size() > most_named)
    step.notes.push_back("and " + std::to_string(names.size() - most_named) + " more " + what);
}

void describe_key(Realm& realm, ContainStep& step) {
  const auto key = store::KeyRepository(realm.db()).find(step.target);
  step.name = step.target;
  if (!key) return step.notes.push_back("the key is gone");
  const bool over = key->state == KeyState::revoked || is_gone(*key, realm.now());
  step.ends = {{"keys", over ? 0 : 1}};
  if (over) step.notes.push_back("the key verifies nothing any more");
  if (key->use == KeyUse::fernet)
    return step.notes.push_back("what is under it opens only with fernet rotate --from");
  const auto radius = radius_of_key(realm, key->kid, realm.now());
  step.ends["tokens"] = radius.tokens;
  step.ends["sessions"] = radius.sessions;
  name_some(step, radius.clients, "client ", " has to ask for another token", "clients");
}

void describe_accounts(Realm& realm, ContainStep& step) {
  step.ends = {{"accounts", size_of(things_of(realm, step.kind))}};
  std::vector<std::string> names;
  for (const auto& id : holders_of_everything(realm))
    if (const auto user = store::find_user_by_id(realm.db(), id)) names.push_back(user->name);
  name_some(step, names, "", " holds admin:all: signed out, not locked", "holders of admin:all");
  if (names.empty()) step.notes.push_back("nobody holds admin:all: act from this host");
}

// A step and what hangs on it now.
ContainStep step_of(Realm& realm, StepKind kind, const std::string& target = "") {
  ContainStep step{kind, target, "", {}, {}, {}, {}, {}};
  switch (kind) {
    case StepKind::lock_account:
      describe_lock(realm, step);
      break;
    case StepKind::end_codes:
      describe_codes(realm, step);
      break;
    case StepKind::rotate_key:
    case StepKind::revoke_key:
      describe_key(realm, step);
      break;
    case StepKind::cut_off:
      step.ends = {{"tokens", IncidentRepository(realm.db()).live_tokens("", realm.now())}};
      break;
    case StepKind::lock_accounts:
      describe_accounts(realm, step);
      break;
    case StepKind::lock_clients:
      step.ends = {{"clients", size_of(things_of(realm, kind))}};
      break;
    case StepKind::end_sessions:
      step.ends = {{"sessions", size_of(things_of(realm, kind))}};
      break;
  }
  return step;
}

ContainStep step_of_key(Realm& realm, const KeyRow& key) {
  return step_of(realm, key.state == KeyState::active ? StepKind::rotate_key : StepKind::revoke_key, key.kid);
}

// The active one first: it is what others could sign with.
void add_steps_of_keys(Realm& realm, KeyUse use, std::vector<ContainStep>& steps) {
  const auto keys = store::KeyRepository(realm.db()).list(use);
  for (const bool active : {true, false})
    for (const auto& key : keys)
      if (key.state != KeyState::revoked && !is_gone(key, realm.now()) &&
          (key.state == KeyState::active) == active)
        steps.push_back(step_of_key(realm, key));
}

std::vector<ContainStep> steps_of_store(Realm& realm) {
  std::vector<ContainStep> steps;
  add_steps_of_keys(realm, KeyUse::jwt, steps);
  for (const auto kind : {StepKind::cut_off, StepKind::lock_accounts, StepKind::lock_clients,
                          StepKind::end_sessions, StepKind::end_codes})
    steps.push_back(step_of(realm, kind));
  add_steps_of_keys(realm, KeyUse::fernet, steps);
  return steps;
}

std::vector<std::string> after_user(const std::string& name) {
  return {"authctl user password " + base::shell_word(name) + " --generate --must-change",
          "authctl user enable " + base::shell_word(name)};
}

void say_what_comes_next(Realm& realm, Containment& plan, KeyUse use) {
  if (plan.scope == ContainScope::user) plan.next = after_user(plan.name);
  if (plan.scope == ContainScope::key && use == KeyUse::fernet)
    plan.next = {"authctl fernet rotate --from " + base::shell_word(plan.subject) + " --reason TEXT"};
  if (plan.scope == ContainScope::key && use == KeyUse::jwt) plan.next = {"authctl key list --use jwt"};
  if (plan.scope != ContainScope::store) return;
  plan.next = after_user("NAME");
  plan.next.push_back("authctl client rotate-secret ID");
  plan.next.push_back("authctl client enable ID");
  for (const auto& step : plan.steps) {
    const auto key = store::KeyRepository(realm.db()).find(step.target);
    if (key && key->use == KeyUse::fernet)
      plan.next.push_back("authctl fernet rotate --from " + base::shell_word(step.target) + " --reason TEXT");
  }
}

// A step as its row tells it: what it has ended already, or what hangs on it still.
ContainStep step_from(Realm& realm, const store::IncidentStepRow& row) {
  const auto kind = step_kind_from(row.step);
  if (!kind)
    throw Error(ErrorCode::internal, "the store knows a step that this program does not",
                "authctl store check");
  ContainStep step = step_of(realm, *kind, row.target);
  if (!row.done_at) return step;
  step.ends = counts_from(row.counts);
  step.notes.clear();
  step.done_at = row.done_at;
  step.first_seq = row.first_seq;
  step.last_seq = row.last_seq;
  return step;
}

void take_up(Realm& realm, Containment& plan, const store::IncidentRow& incident) {
  plan.id = incident.id;
  plan.began_at = incident.began_at;
  plan.finished_at = incident.finished_at;
  plan.steps.clear();
  for (const auto& row : IncidentRepository(realm.db()).steps(incident.id))
    plan.steps.push_back(step_from(realm, row));
}

// Whether anything has come to be since that this would end again.
bool is_still_contained(Realm& realm, const Containment& plan, const store::IncidentRow& incident) {
  if (plan.scope == ContainScope::store) {
    return audit::newest_seq(realm.db()) == incident.receipt_seq;
  }
  for (const auto& step : plan.steps)
    for (const auto& [what, count] : step.ends)
      if (count > 0) return false;
  return true;
}

// Asked of the interlock itself, in a change that is rolled back.
bool is_last_admin(Realm& realm, const store::UserRow& user) {
  try {
    change(realm, Cause{"os:plan", "", "", "", true}, [&](Change& c) { disable_user(c, user.id, false); });
    return false;
  } catch (const Error& error) {
    if (error.code() != ErrorCode::precondition) throw;
    return true;
  }
}

void refuse_last_admin(Realm& realm, const store::UserRow& user, Containment& plan, bool force) {
  if (user.status == store::UserStatus::disabled || !is_last_admin(realm, user)) return;
  if (!force)
    throw Error(ErrorCode::precondition,
                "user " + base::quote(user.name) + " is the last one who holds admin:all; nothing was done",
                "authctl incident contain --user " + base::shell_word(user.name) +
                    " --force, then act from this host, which needs no account");
  plan.notices.push_back(
      "nobody is left who holds admin:all; this host needs no account to let somebody in again");
}

}  // namespace

std::vector<std::string> holders_of_everything(Realm& realm) {
  std::vector<std::string> ids;
  const auto next = who_may(realm.db(), {Permission(std::string(everything)), std::nullopt}, realm.now());
  while (const auto holder = next()) ids.push_back(holder->user_id);
  return ids;
}

std::vector<std::string> things_of(Realm& realm, StepKind kind) {
  std::vector<std::string> ids;
  if (kind == StepKind::lock_accounts) {
    const auto spared = holders_of_everything(realm);
    const std::set<std::string, std::less<>> stay(spared.begin(), spared.end());
    UserQuery active;
    active.status = "active";
    const auto next = list_users(realm, active);
    while (const auto user = next())
      if (!stay.contains(user->id)) ids.push_back(user->id);
  } else if (kind == StepKind::lock_clients) {
    const auto next = list_clients(realm);
    while (const auto client = next())
      if (client->status == store::ClientStatus::active) ids.push_back(client->id);
  } else if (kind == StepKind::end_sessions) {
    ids = store::SessionRepository(realm.db()).unended("", "");
  }
  return ids;
}

Containment plan_containment(Realm& realm, const ContainRequest& request) {
  Containment plan;
  KeyUse use = KeyUse::jwt;
  if (!request.user.empty()) {
    const auto user = store::get_user(realm.db(), request.user);
    plan.scope = ContainScope::user;
    plan.subject = user.id;
    plan.name = user.name;
    refuse_last_admin(realm, user, plan, request.force);
    plan.steps = {step_of(realm, StepKind::lock_account, user.id),
                  step_of(realm, StepKind::end_codes, user.id)};
  } else if (!request.kid.empty()) {
    const auto key = require_key(realm, request.kid);
    use = key.use;
    plan.scope = ContainScope::key;
    plan.subject = plan.name = key.kid;
    plan.steps = {step_of_key(realm, key)};
  } else {
    plan.steps = steps_of_store(realm);
  }
  const auto last = IncidentRepository(realm.db()).latest(word_of(plan.scope), plan.subject);
  if (last && !last->finished_at) {
    plan.resumed = true;
    take_up(realm, plan, *last);
  } else if (last && has_proof(realm, *last) && is_still_contained(realm, plan, *last)) {
    plan.over = true;
    take_up(realm, plan, *last);
  }
  say_what_comes_next(realm, plan, use);
  return plan;
}

}  // namespace authctl::service
