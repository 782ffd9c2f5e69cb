#include "core/service/totp_enrolment.h"

#include "core/base/error.h"
#include "core/base/shell_word.h"
#include "core/base/text.h"
#include "core/service/auth_log.h"
#include "core/service/refusals.h"
#include "core/service/sessions.h"
#include "core/store/user_repository.h"

namespace authctl::service {
namespace {

using base::Error;
using base::ErrorCode;
using store::EnrolmentState;

crypto::Place place_of(const std::string& id) { return {"totp_enrolment", "sealed", id}; }

audit::Event event(const char* action, const store::UserRow& user, base::json::object detail = {}) {
  return {action, {"user", user.id, user.name}, audit::Outcome::success, std::move(detail)};
}

TotpStatus status_of(store::Database& db, const store::UserRow& user) {
  const auto confirmed = store::find_totp(db, user.id, EnrolmentState::confirmed);
  const auto pending = store::find_totp(db, user.id, EnrolmentState::pending);
  TotpStatus status;
  status.user_name = user.name;
  status.confirmed = confirmed.has_value();
  status.pending = pending.has_value();
  status.enrolled = confirmed || pending;
  if (!status.enrolled) return status;
  const auto& row = confirmed ? *confirmed : *pending;
  status.settings = row.settings;
  if (!row.issuer.empty()) status.issuer = row.issuer;
  status.created_at = row.created_at;
  status.confirmed_at = row.confirmed_at;
  if (row.last_step)
    status.last_used_at = base::from_unix_seconds(*row.last_step * row.settings.period.count());
  return status;
}

store::TotpRow pending_of(Change& change, const store::UserRow& user) {
  if (auto row = store::find_totp(change.db(), user.id, EnrolmentState::pending)) return std::move(*row);
  throw Error{ErrorCode::precondition,
              "user " + base::quote(user.name) + " has no TOTP that waits for a code",
              "authctl totp enroll " + base::shell_word(user.name)};
}

void confirm(Change& change, const store::UserRow& user, const store::TotpRow& pending, std::int64_t step) {
  const bool replaces = store::find_totp(change.db(), user.id, EnrolmentState::confirmed).has_value();
  store::confirm_totp(change.db(), pending, step, change.now());
  sign_out_user(change, user.id, "second_factor_changed");
  change.record(event("totp.confirm", user, {{"replaces", replaces}}));
}

// What a wrong code, or one that came too early, leaves.
void refuse(Change& change, const AttemptSource& source, const TakenAttempt& taken, Refusal refusal) {
  if (refusal != Refusal::locked) record_locks(change, source, taken, word_of(refusal));
  record_refusal(change, {"auth.mfa",
                          {"user", source.user_id, source.user_name},
                          audit::Outcome::denied,
                          {{"door", "confirm"}, {"factor", "totp"}, {"refusal", word_of(refusal)}}});
}

}  // namespace

base::Secret open_totp(Realm& realm, const store::TotpRow& row) {
  return realm.sealer().open(row.sealed, place_of(row.id));
}

store::TotpRow seal_totp(Realm& realm, const std::string& user_id, const credential::TotpEnrolment& enrolment,
                         EnrolmentState state, base::Timestamp now) {
  store::TotpRow row;
  row.id = base::make_uuid7(realm.random(), base::to_unix_millis(now));
  row.user_id = user_id;
  row.state = state;
  row.sealed = realm.sealer().seal(enrolment.secret.reveal(), place_of(row.id), realm.random());
  row.issuer = enrolment.issuer;
  row.settings = enrolment.settings;
  row.created_at = now;
  if (state == EnrolmentState::confirmed) row.confirmed_at = now;
  return row;
}

TotpOffer enroll_totp(Realm& realm, const Cause& cause, const TotpRequest& request,
                      const DeliverOffer& deliver) {
  credential::check_totp_settings(request.settings);
  TotpOffer offer;
  offer.enrolment.issuer = request.issuer;
  offer.enrolment.settings = request.settings;
  offer.enrolment.secret = base::Secret::zeroed(credential::made_totp_secret);
  realm.random().fill(offer.enrolment.secret.writable());
  change(realm, cause, [&](Change& c) {
    const auto user = store::get_user(c.db(), request.user);
    offer.user_id = user.id;
    offer.user_name = offer.enrolment.account = user.name;
    offer.replaces = store::find_totp(c.db(), user.id, EnrolmentState::confirmed).has_value();
    store::put_totp(c.db(), seal_totp(realm, user.id, offer.enrolment, EnrolmentState::pending, c.now()));
    c.record(event("totp.enroll", user,
                   {{"algorithm", credential::word_of(request.settings.algorithm)},
                    {"digits", request.settings.digits},
                    {"replaces", offer.replaces}}));
    if (deliver && !cause.dry_run) deliver(offer);
  });
  if (cause.dry_run) offer.enrolment.secret.clear();
  return offer;
}

TotpStatus totp_status(Realm& realm, const std::string& user) {
  return status_of(realm.db(), store::get_user(realm.db(), user));
}

TotpConfirmation confirm_totp(Realm& realm, const Cause& cause, const SignInPolicy& policy,
                              const std::string& name, const base::Secret& code) {
  TotpConfirmation check;
  change(realm, cause, [&](Change& c) {
    const auto user = store::get_user(c.db(), name);
    check.user_id = user.id;
    check.user_name = user.name;
    const auto pending = pending_of(c, user);
    const AttemptSource source{user.id, user.name, "", c.cause().ip};
    const auto taken = take_attempt(c, policy.lockout, source);
    const auto secret = open_totp(realm, pending);
    const auto step = credential::matching_totp_step(secret, pending.settings, code.reveal_text(),
                                                     c.by_clock(), pending.last_step);
    if (!taken.admitted)
      check.refusal = Refusal::locked;
    else if (!step)
      check.refusal = Refusal::wrong_code;
    if (check.refusal) {
      check.locked_until = taken.locked_until;
      return refuse(c, source, taken, *check.refusal);
    }
    settle_success(c, source, taken);
    confirm(c, user, pending, *step);
    check.status = status_of(c.db(), user);
  });
  if (check.refusal)
    tell_auth_log(policy.auth_log, cause, realm.by_clock(), word_of(*check.refusal), "confirm",
                  check.user_name);
  return check;
}

TotpStatus disable_totp(Realm& realm, const Cause& cause, const std::string& name) {
  return change(realm, cause, [&](Change& c) {
    const auto user = store::get_user(c.db(), name);
    const bool confirmed = store::find_totp(c.db(), user.id, EnrolmentState::confirmed).has_value();
    if (store::drop_totp(c.db(), user.id) == 0)
      throw Error{ErrorCode::not_found, "user " + base::quote(user.name) + " has no TOTP",
                  "authctl totp enroll " + base::shell_word(user.name)};
    if (confirmed) sign_out_user(c, user.id, "second_factor_changed");
    c.record(event("totp.disable", user, {{"confirmed", confirmed}}));
    return status_of(c.db(), user);
  });
}

}  // namespace authctl::service
