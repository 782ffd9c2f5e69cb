// What each step of `incident contain` does. Invariant: what is so already is no change and leaves no entry.
#include "core/base/error.h"
#include "core/service/accounts.h"
#include "core/service/clients.h"
#include "core/service/containment.h"
#include "core/service/sessions.h"
#include "core/store/factor_repository.h"
#include "core/store/token_repository.h"

namespace authctl::service {
namespace {

using store::IncidentRepository;
using store::KeyState;
using store::SessionRepository;

constexpr const char* why = "contained";

audit::Event event(std::string action, audit::Target target, const Counts& counts) {
  return {std::move(action), std::move(target), audit::Outcome::success, counts_json(counts)};
}

// One change, so that there is no moment at which the account is shut and its tokens still work.
Counts lock_account(Change& c, const std::string& id, bool force) {
  const auto user = store::find_user_by_id(c.db(), id);
  if (!user) return {};  // deleted meanwhile, and everything with it
  IncidentRepository incidents(c.db());
  const auto codes = incidents.one_time_things(id, c.now());
  const bool active = user->status == store::UserStatus::active;
  Counts ended{{"accounts", active ? 1 : 0},
               {"sessions", static_cast<std::int64_t>(SessionRepository(c.db()).unended(id, "").size())},
               {"tokens", incidents.live_tokens(id, c.now())},
               {"sign_ins_under_way", codes.challenges},
               {"password_resets", codes.resets}};
  if (!active && text_of(ended) == "nothing") return ended;
  store::TokenRepository(c.db()).revoke_of_user(id, c.now());
  if (active) {
    disable_user(c, id, force);
  } else {
    sign_out_user(c, id, why);
  }
  c.record(event("token.revoke", {"user", id, user->name}, {{"revoked", ended["tokens"]}}));
  return ended;
}

// A code that was seen, or that lies on what was stolen, works no more; the secret of the app stays.
Counts end_codes_of(Change& c, const std::string& id, bool again) {
  const auto user = store::find_user_by_id(c.db(), id);
  if (!user) return {};
  Counts ended{{"backup_codes", store::end_backup_codes(c.db(), id, c.now())}};
  if (ended["backup_codes"] > 0)
    c.record(event("backup-code.end", {"user", id, user->name}, {{"ended", ended["backup_codes"]}}));
  if (again) return ended;
  if (const auto totp = store::find_totp(c.db(), id, store::EnrolmentState::confirmed)) {
    const auto step = base::to_unix_seconds(c.by_clock()) / totp->settings.period.count();
    ended["one_time_codes"] = store::use_totp_step(c.db(), totp->id, step) ? 1 : 0;
  }
  return ended;
}

Counts end_all_codes(Change& c, bool again) {
  IncidentRepository incidents(c.db());
  const auto codes = incidents.one_time_things("", c.now());
  Counts ended{{"backup_codes", codes.backup_codes},
               {"sign_ins_under_way", codes.challenges},
               {"password_resets", codes.resets}};
  if (again && text_of(ended) == "nothing") return ended;
  incidents.end_everybodys_codes(c.by_clock());
  if (text_of(ended) != "nothing") c.record(event("backup-code.end", {"store", "", ""}, ended));
  return ended;
}

std::int64_t number_in(const audit::Event& event, std::string_view member) {
  const auto* value = event.detail.if_contains(member);
  return value && value->is_int64() ? value->as_int64() : 0;
}

// What the entries of a change say that it ended.
Counts counted(const Change& c) {
  Counts ended;
  for (const auto& event : c.events()) {
    if (event.action == "session.revoke") ++ended["sessions"];
    if (event.action == "user.disable") ++ended["accounts"];
    if (event.action == "client.disable") ++ended["clients"];
    if (event.action != "key.revoke") continue;
    ++ended["keys"];
    ended["tokens"] += number_in(event, "tokens_ended");
  }
  return ended;
}

void end_key(Change& c, const StepWork& work) {
  const auto& kid = work.step.target;
  const auto key = store::KeyRepository(c.db()).find(kid);
  if (!key || key->state == KeyState::revoked || is_gone(*key, c.now())) return;
  if (key->state != KeyState::active) {
    revoke_key(c, kid);
    return;
  }
  if (!work.successor || work.successor->expected.kid != kid)
    throw base::Error(base::ErrorCode::conflict, "somebody else changed the keys at the same time",
                      "run it again: it goes on where it was");
  const RotationRequest request{.use = key->use,
                                .kind = Rotation::emergency,
                                .timing = work.request.timing,
                                .grace = {},
                                .alg = {},
                                .began = c.by_clock(),
                                // Ended one by one later, where there may be very many of them.
                                .leave_sessions = work.scope == ContainScope::store};
  rotate_key(c, request, *work.successor);
}

void cut_off(Change& c, bool again) {
  if (again) return;
  const auto users = IncidentRepository(c.db()).end_everybodys_tokens(c.move_past_log());
  c.record(event("token.revoke", {"store", "", ""}, {{"users", users}}));
}

void lock_accounts(Change& c, const std::vector<std::string>& ids) {
  for (const auto& id : ids)
    if (store::find_user_by_id(c.db(), id)) disable_user(c, id, false);
}

void lock_clients(Change& c, const std::vector<std::string>& ids) {
  for (const auto& id : ids)
    if (store::find_client(c.db(), id)) disable_client(c, id);
}

void end_sessions(Change& c, const std::vector<std::string>& ids) {
  SessionRepository sessions(c.db());
  for (const auto& id : ids)
    if (const auto session = sessions.find(id)) end_session(c, *session, "session.revoke", why);
}

}  // namespace

Counts perform_step(Change& c, const StepWork& work) {
  const bool again = work.step.done_at.has_value();
  switch (work.step.kind) {
    case StepKind::lock_account:
      return lock_account(c, work.step.target, work.request.force);
    case StepKind::end_codes:
      return work.step.target.empty() ? end_all_codes(c, again) : end_codes_of(c, work.step.target, again);
    case StepKind::rotate_key:
    case StepKind::revoke_key:
      end_key(c, work);
      break;
    case StepKind::cut_off: {
      const auto tokens = again ? 0 : IncidentRepository(c.db()).live_tokens("", c.now());
      cut_off(c, again);
      return {{"tokens", tokens}};
    }
    case StepKind::lock_accounts:
      lock_accounts(c, work.things);
      break;
    case StepKind::lock_clients:
      lock_clients(c, work.things);
      break;
    case StepKind::end_sessions:
      end_sessions(c, work.things);
      break;
  }
  return counted(c);
}

}  // namespace authctl::service
