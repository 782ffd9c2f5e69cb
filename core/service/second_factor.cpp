#include "core/service/second_factor.h"

#include "core/base/text.h"
#include "core/credential/backup_code.h"
#include "core/service/auth_log.h"
#include "core/service/backup_codes.h"
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

// A backup code is longer than any one-time code, so what was typed tells which it is meant to be.
Factor factor_of(const CodeAttempt& attempt) {
  if (attempt.factor) return *attempt.factor;
  return credential::normal_backup_code(attempt.code) ? Factor::backup_code : Factor::totp;
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

std::optional<Refusal> use_backup_code(Change& change, const std::string& user_id, const base::Secret& code) {
  const auto normal = credential::normal_backup_code(code);
  if (!normal) return Refusal::wrong_code;
  const auto mac = backup_code_mac_of(change, user_id, *normal);
  if (store::use_backup_code(change.db(), user_id, mac, change.now())) return std::nullopt;
  return store::is_used_backup_code(change.db(), user_id, mac) ? Refusal::used_code : Refusal::wrong_code;
}

std::optional<Refusal> refusal_of(Change& change, const SignInPolicy& policy, const AttemptSource& source,
                                  const CodeAttempt& attempt, const store::UserRow& user, CodeCheck& check,
                                  TakenAttempt& taken) {
  if (!is_there(change, check)) return Refusal::no_second_factor;
  taken = take_attempt(change, policy.lockout, source);
  check.locked_until = taken.locked_until;
  if (!taken.admitted) return Refusal::locked;
  if (user.status == store::UserStatus::disabled) return Refusal::disabled;
  return check.factor == Factor::totp ? use_totp(change, user.id, attempt.code)
                                      : use_backup_code(change, user.id, attempt.code);
}

void verify(Change& change, const SignInPolicy& policy, const CodeAttempt& attempt, CodeCheck& check) {
  const auto user = store::get_user(change.db(), attempt.user);
  const AttemptSource source{user.id, user.name, "", change.cause().ip};
  check.user_id = user.id;
  check.user_name = user.name;
  check.factor = factor_of(attempt);
  check.must_change = user.password_must_change;
  TakenAttempt taken;
  check.refusal = refusal_of(change, policy, source, attempt, user, check, taken);
  base::json::object detail{{"door", attempt.door}, {"factor", word_of(check.factor)}};
  if (check.refusal) {
    detail["refusal"] = word_of(*check.refusal);
    if (*check.refusal != Refusal::locked) record_locks(change, source, taken, word_of(*check.refusal));
    record_refusal(change, {"auth.mfa", {"user", user.id, user.name}, audit::Outcome::denied, detail});
    return;
  }
  check.locked_until.reset();
  check.new_address = settle_success(change, source, taken);
  if (attempt.purpose == Purpose::sign_in) store::note_user_login(change.db(), user.id, change.now());
  detail["new_address"] = check.new_address;
  change.record({"auth.mfa", {"user", user.id, user.name}, audit::Outcome::success, std::move(detail)});
}

}  // namespace

std::string_view word_of(Factor factor) { return factor == Factor::totp ? "totp" : "backup_code"; }

bool has_second_factor(store::Database& db, const std::string& user_id) { return has_totp(db, user_id); }

CodeCheck verify_second_factor(Realm& realm, const Cause& cause, const SignInPolicy& policy,
                               const CodeAttempt& attempt) {
  CodeCheck check;
  Cause acting = cause;
  change(realm, acting, [&](Change& c) {
    sum_up_refusals(c);
    verify(c, policy, attempt, check);
    if (cause.actor.empty()) acting.actor = "user:" + check.user_id;  // its password was right
    check.backup_codes_left = store::count_backup_codes(c.db(), check.user_id).left;
  });
  if (check.refusal)
    tell_auth_log(policy.auth_log, cause, realm.now(), word_of(*check.refusal), attempt.door,
                  check.user_name);
  return check;
}

}  // namespace authctl::service
