#include "core/service/sign_in.h"

#include <array>

#include "core/base/normal_form.h"
#include "core/base/text.h"
#include "core/crypto/password_padding.h"
#include "core/service/auth_log.h"
#include "core/service/refusals.h"
#include "core/service/second_factor.h"
#include "core/service/tokens.h"
#include "core/store/user_repository.h"

namespace authctl::service {
namespace {

constexpr std::array<std::string_view, 9> refusal_words{"wrong_password", "unknown_user",     "disabled",
                                                        "no_password",    "locked",           "wrong_code",
                                                        "used_code",      "no_second_factor", "signed_out"};

// An id is nobody's to sign in with; it is the handle of a session that asks once more.
std::optional<store::UserRow> user_of(Change& change, const Attempt& attempt) {
  auto user = store::find_user(change.db(), attempt.identifier);
  if (user && attempt.purpose == Purpose::sign_in && base::fold_ascii(attempt.identifier) == user->id)
    return std::nullopt;
  return user;
}

AttemptSource source_of(const SignInTicket& ticket, const Cause& cause) {
  return {ticket.user_id, ticket.user_name, base::fold_ascii(ticket.attempt.identifier), cause.ip};
}

SignInTicket begin(Change& change, const SignInPolicy& policy, Attempt attempt) {
  const auto user = user_of(change, attempt);
  SignInTicket ticket;
  ticket.attempt = std::move(attempt);
  ticket.cost = policy.cost;
  if (user)
    ticket.user_id = user->id, ticket.user_name = user->name, ticket.set_at = user->password_changed_at;
  ticket.taken = take_attempt(change, policy.lockout, source_of(ticket, change.cause()));
  ticket.hash = user && user->password_hash
                    ? *user->password_hash
                    : crypto::unmatched_password_hash(policy.cost, change.realm().random());
  if (!ticket.taken.admitted)
    ticket.refused = Refusal::locked;
  else if (!user)
    ticket.refused = Refusal::unknown_user;
  else if (user->status == store::UserStatus::disabled)
    ticket.refused = Refusal::disabled;
  else if (!user->password_hash)
    ticket.refused = Refusal::no_password;
  return ticket;
}

// Another sign-in with the same password, at the same time, gave the account a hash of today's cost.
bool was_rehashed(const store::UserRow& user, const SignInTicket& ticket) {
  return user.password_hash && user.password_changed_at == ticket.set_at &&
         crypto::password_needs_rehash(ticket.hash, ticket.cost) &&
         !crypto::password_needs_rehash(*user.password_hash, ticket.cost);
}

// The account may have changed while the hash was computed.
std::optional<Refusal> refusal_of(Change& change, const SignInTicket& ticket,
                                  const VerifiedPassword& verified) {
  if (ticket.refused) return ticket.refused;
  if (!verified.matches) return Refusal::wrong_password;
  const auto user = store::find_user_by_id(change.db(), ticket.user_id);
  if (!user) return Refusal::unknown_user;
  if (user->status == store::UserStatus::disabled) return Refusal::disabled;
  if (user->password_hash != ticket.hash && !was_rehashed(*user, ticket)) return Refusal::wrong_password;
  return std::nullopt;
}

void refuse(Change& change, const SignInTicket& ticket, Refusal refusal) {
  if (refusal != Refusal::locked)
    record_locks(change, source_of(ticket, change.cause()), ticket.taken, word_of(refusal));
  record_refusal(change, {"auth.login",
                          {"user", ticket.user_id, ticket.user_name},
                          audit::Outcome::denied,
                          {{"door", ticket.attempt.door}, {"refusal", word_of(refusal)}}});
}

void rehash(Change& change, const SignInTicket& ticket, const std::string& hash) {
  const auto scheme = crypto::word_of(crypto::PasswordScheme::argon2id);
  if (!store::replace_password_hash(change.db(), ticket.user_id, ticket.hash, hash, scheme)) return;
  change.record({"user.rehash",
                 {"user", ticket.user_id, ticket.user_name},
                 audit::Outcome::success,
                 {{"scheme", scheme},
                  {"scheme_before", crypto::word_of(crypto::identify_password_hash(ticket.hash).scheme)}}});
}

void accept(Change& change, const SignInTicket& ticket, const VerifiedPassword& verified, SignIn& sign_in) {
  const bool second = has_second_factor(change.db(), ticket.user_id);
  const bool signs_in = ticket.attempt.purpose == Purpose::sign_in;
  sign_in.mfa_required = second && signs_in;
  const auto user = store::get_user(change.db(), ticket.user_id);
  sign_in.must_change = user.password_must_change;
  sign_in.valid_from = admit_from_now(change, user);
  // With a second factor a password alone takes no failure back, or it would buy new guesses at the codes.
  if (second)
    give_back_attempt(change, ticket.taken);
  else
    sign_in.new_address = settle_success(change, source_of(ticket, change.cause()), ticket.taken);
  if (signs_in && !second) store::note_user_login(change.db(), ticket.user_id, change.now());
  if (verified.rehashed) rehash(change, ticket, *verified.rehashed);
  change.record({"auth.login",
                 {"user", ticket.user_id, ticket.user_name},
                 audit::Outcome::success,
                 {{"door", ticket.attempt.door},
                  {"mfa_required", sign_in.mfa_required},
                  {"new_address", sign_in.new_address}}});
}

// What a hash of ours takes is seen in this process's own sign-ins.
crypto::HashPace& pace() {
  static crypto::HashPace pace;
  return pace;
}

// A wrong password for a hash of another system, or of an older cost, takes as long as one for a hash of
// ours, where it would take less.
void even_out(const SignInTicket& ticket, const base::Secret& password, bool is_ours, crypto::Effort begin,
              base::Random& random) {
  if (password.empty() || password.size() > crypto::longest_password)
    return;  // nothing is hashed for anybody
  const auto spent = [&] { return crypto::thread_effort() - begin; };
  const int hashes = base::normal_form_c(password) == password ? 1 : 2;  // see verify_password
  if (is_ours) return pace().saw(ticket.cost, spent() / hashes);
  const auto work = [&](const crypto::Argon2Cost& cost) {
    static_cast<void>(crypto::hash_password(password, cost, random));
  };
  if (!pace().of(ticket.cost)) {  // the first of this process
    const auto before = spent();
    work(ticket.cost);
    pace().saw(ticket.cost, spent() - before);
    if (hashes == 1) return;
  }
  crypto::pad_effort(ticket.cost, *pace().of(ticket.cost) * hashes, spent, work);
}

}  // namespace

std::string_view word_of(Refusal refusal) { return refusal_words[static_cast<std::size_t>(refusal)]; }

SignInTicket begin_sign_in(Realm& realm, const Cause& cause, const SignInPolicy& policy, Attempt attempt) {
  return change(realm, cause, [&](Change& c) { return begin(c, policy, std::move(attempt)); });
}

VerifiedPassword verify_ticket(const SignInTicket& ticket, const base::Secret& password,
                               base::Random& random) {
  const auto begin = crypto::thread_effort();
  const bool matches = crypto::verify_password(ticket.hash, password);
  const bool is_ours = !crypto::password_needs_rehash(ticket.hash, ticket.cost);
  if (ticket.refused || !matches) {
    even_out(ticket, password, is_ours, begin, random);
    return {};
  }
  VerifiedPassword verified{true, std::nullopt};
  if (!is_ours) verified.rehashed = crypto::hash_password(password, ticket.cost, random);
  return verified;
}

SignIn finish_sign_in(Realm& realm, const Cause& cause, const SignInPolicy& policy,
                      const SignInTicket& ticket, const VerifiedPassword& verified) {
  SignIn sign_in;
  sign_in.user_id = ticket.user_id;
  sign_in.user_name = ticket.user_name;
  Cause acting = cause;  // who it was is known only when it has been decided
  change(realm, acting, [&](Change& c) {
    sign_in.refusal = refusal_of(c, ticket, verified);
    if (cause.actor.empty()) acting.actor = sign_in.refusal ? "anonymous" : "user:" + ticket.user_id;
    if (sign_in.refusal)
      refuse(c, ticket, *sign_in.refusal);
    else
      accept(c, ticket, verified, sign_in);
  });
  if (!sign_in.refusal) return sign_in;
  sign_in.locked_until = ticket.taken.locked_until;
  tell_auth_log(policy.auth_log, cause, realm.by_clock(), word_of(*sign_in.refusal), ticket.attempt.door,
                ticket.user_name);
  return sign_in;
}

}  // namespace authctl::service
