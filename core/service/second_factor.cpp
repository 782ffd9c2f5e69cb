#include "core/service/second_factor.h"

#include "core/base/text.h"
#include "core/credential/backup_code.h"
#include "core/service/auth_log.h"
#include "core/service/backup_code_use.h"
#include "core/service/refusals.h"
#include "core/service/totp_enrolment.h"
#include "core/store/factor_repository.h"
#include "core/store/user_repository.h"

namespace authctl::service {
namespace {

using store::EnrolmentState;

bool has_totp(store::Database& db, const std::string& user_id) {
  return store::find_totp(db, user_id, EnrolmentState::confirmed).has_value();
}

bool reads_as_totp(store::Database& db, const std::string& user_id, std::string_view typed) {
  const auto totp = store::find_totp(db, user_id, EnrolmentState::confirmed);
  return totp && typed.size() == static_cast<std::size_t>(totp->settings.digits) &&
         typed.find_first_not_of("0123456789") == std::string_view::npos;
}

// A backup code of ours is longer than any one-time code, so what was typed tells which it is meant to be;
// one of another system may look like anything that is no one-time code.
Factor factor_of(store::Database& db, const std::string& user_id, const CodeAttempt& attempt) {
  if (attempt.factor) return *attempt.factor;
  if (credential::normal_backup_code(attempt.code)) return Factor::backup_code;
  if (!store::has_imported_backup_codes(db, user_id)) return Factor::totp;
  return reads_as_totp(db, user_id, attempt.code.reveal_text()) ? Factor::totp : Factor::backup_code;
}

bool is_there(Change& change, const CodeCheck& check) {
  if (check.factor == Factor::totp) return has_totp(change.db(), check.user_id);
  const auto codes = store::count_backup_codes(change.db(), check.user_id);
  return codes.left + codes.used > 0;
}

std::optional<Refusal> use_totp(Change& change, const std::string& user_id, const base::Secret& code) {
  const auto row = store::find_totp(change.db(), user_id, EnrolmentState::confirmed).value();
  const auto secret = open_totp(change.realm(), row);
  const auto typed = code.reveal_text();
  const auto step =
      credential::matching_totp_step(secret, row.settings, typed, change.by_clock(), row.last_step);
  if (step && store::use_totp_step(change.db(), row.id, *step)) return std::nullopt;
  const bool was_right =
      credential::matching_totp_step(secret, row.settings, typed, change.by_clock(), std::nullopt)
          .has_value();
  return was_right ? Refusal::used_code : Refusal::wrong_code;
}

// Between the transactions of one attempt.
struct Verification {
  CodeCheck check;
  AttemptSource source;
  TakenAttempt taken;
  std::vector<store::HashedBackupCode> to_try;  // undecided: the code may be one of these
};

std::optional<Refusal> refusal_of(Change& change, const SignInPolicy& policy, const CodeAttempt& attempt,
                                  const store::UserRow& user, Verification& at) {
  if (!is_there(change, at.check)) return Refusal::no_second_factor;
  at.taken = take_attempt(change, policy.lockout, at.source);
  at.check.locked_until = at.taken.locked_until;
  if (!at.taken.admitted) return Refusal::locked;
  if (user.status == store::UserStatus::disabled) return Refusal::disabled;
  if (at.check.factor == Factor::totp) return use_totp(change, user.id, attempt.code);
  const auto refusal = use_backup_code(change, user.id, attempt.code);
  if (refusal == Refusal::wrong_code) at.to_try = store::hashed_backup_codes(change.db(), user.id);
  return refusal;
}

void conclude(Change& change, const CodeAttempt& attempt, Verification& at) {
  auto& check = at.check;
  const audit::Target target{"user", check.user_id, check.user_name};
  base::json::object detail{{"door", attempt.door}, {"factor", word_of(check.factor)}};
  if (check.refusal) {
    detail["refusal"] = word_of(*check.refusal);
    if (*check.refusal != Refusal::locked) record_locks(change, at.source, at.taken, word_of(*check.refusal));
    record_refusal(change, {"auth.mfa", target, audit::Outcome::denied, detail});
    return;
  }
  check.locked_until.reset();
  check.new_address = settle_success(change, at.source, at.taken);
  if (attempt.purpose == Purpose::sign_in) store::note_user_login(change.db(), check.user_id, change.now());
  detail["new_address"] = check.new_address;
  change.record({"auth.mfa", target, audit::Outcome::success, std::move(detail)});
}

void verify(Change& change, const SignInPolicy& policy, const CodeAttempt& attempt, Verification& at) {
  const auto user = store::get_user(change.db(), attempt.user);
  at.source = {user.id, user.name, "", change.cause().ip};
  at.check.user_id = user.id;
  at.check.user_name = user.name;
  at.check.factor = factor_of(change.db(), user.id, attempt);
  at.check.must_change = user.password_must_change;
  at.check.refusal = refusal_of(change, policy, attempt, user, at);
  if (at.to_try.empty()) conclude(change, attempt, at);
}

// The account may have changed while hashes were computed.
void verify_hashed(Change& change, const CodeAttempt& attempt, const std::optional<base::Bytes>& fitting,
                   Verification& at) {
  const auto user = store::find_user_by_id(change.db(), at.check.user_id);
  if (!user || user->status == store::UserStatus::disabled)
    at.check.refusal = Refusal::disabled;
  else
    at.check.refusal = fitting ? use_backup_mac(change, user->id, *fitting) : Refusal::wrong_code;
  conclude(change, attempt, at);
}

}  // namespace

std::string_view word_of(Factor factor) { return factor == Factor::totp ? "totp" : "backup_code"; }

bool has_second_factor(store::Database& db, const std::string& user_id) { return has_totp(db, user_id); }

CodeCheck verify_second_factor(Realm& realm, const Cause& cause, const SignInPolicy& policy,
                               const CodeAttempt& attempt) {
  Verification at;
  Cause acting = cause;
  const auto step = [&](auto work) {
    change(realm, acting, [&](Change& c) {
      work(c);
      if (cause.actor.empty()) acting.actor = "user:" + at.check.user_id;  // its password was right
      at.check.backup_codes_left = store::count_backup_codes(c.db(), at.check.user_id).left;
    });
  };
  step([&](Change& c) { verify(c, policy, attempt, at); });
  if (!at.to_try.empty()) {
    const auto fitting = fitting_backup_hash(at.to_try, attempt.code);
    step([&](Change& c) { verify_hashed(c, attempt, fitting, at); });
  }
  const auto& check = at.check;
  if (check.refusal)
    tell_auth_log(policy.auth_log, cause, realm.by_clock(), word_of(*check.refusal), attempt.door,
                  check.user_name);
  return check;
}

}  // namespace authctl::service
