// The one door by which a password is ever verified, whatever asks for it: the login form, a token endpoint,
// a password change. Three steps, so that the hash, slow on purpose, runs outside of any transaction and on
// whatever thread is there for it:
//
//   begin_sign_in    takes the counters of the account and of the address, before anything is verified
//   verify_ticket    the hash: pure and slow, no store; the same work whatever the ticket is for
//   finish_sign_in   gives the counters back (or leaves them), rehashes, remembers; writes the audit entry
//
// A wrong password for a hash that was imported takes that time too, where its own scheme is quicker.
//
// Invariants: an unknown name, a wrong password, a disabled account, one without a password and a locked one
// take the same path and cost one hash of the same kind; which it was stands in the audit log and never in
// what a stranger is told. Of many attempts at once no more are verified than of as many in a row.
#pragma once
#include <optional>
#include <string>

#include "core/crypto/password.h"
#include "core/service/lockouts.h"

namespace authctl::service {

struct SignInPolicy {
  credential::LockoutPolicy lockout;
  crypto::Argon2Cost cost;  // of new hashes, and of those that stand in where there is none
  std::string auth_log;     // file that is told of each refusal (core/service/auth_log.h); empty: none
};

enum class Refusal {
  wrong_password,
  unknown_user,
  disabled,
  no_password,
  locked,
  wrong_code,
  used_code,         // a code that was right, and was used before
  no_second_factor,  // there is none that was confirmed
  signed_out         // since the password was found right
};
std::string_view word_of(Refusal refusal);  // "wrong_password"

enum class Purpose {
  sign_in,  // whoever passes is signed in, or asked for a second factor
  confirm   // somebody who is signed in shows once more who that is: a password change
};

struct Attempt {
  std::string identifier;  // name or e-mail, as it was typed; for `confirm` also an id
  std::string door;        // "login", "oauth", "password": stands in the audit entry
  Purpose purpose = Purpose::sign_in;
};

// Between the steps. Nothing in it is for whoever signs in.
struct SignInTicket {
  Attempt attempt;
  std::string user_id, user_name;         // empty: nobody's
  std::string hash;                       // to be verified
  std::optional<base::Timestamp> set_at;  // when that password was set
  std::optional<Refusal> refused;  // decided already; it is verified all the same, and the answer thrown away
  TakenAttempt taken;
  crypto::Argon2Cost cost;
};

struct VerifiedPassword {
  bool matches = false;
  std::optional<std::string> rehashed;  // where the stored hash is not of today's scheme and cost
};

struct SignIn {
  std::optional<Refusal> refusal;  // nothing: the password is right. For the log and the terminal only
  std::string user_id, user_name;
  bool mfa_required = false;     // verify_second_factor() comes next; nobody is signed in yet
  bool must_change = false;      // the password, before anything else
  bool new_address = false;      // signed in from an address that this account was not seen at before
  base::Timestamp valid_from{};  // the account's tokens_valid_from: another one later, and it was signed out
  std::optional<base::Timestamp> locked_until;
  bool accepted() const { return !refusal; }
};

// `cause.ip` is the address (empty at the terminal). Where `cause.actor` is empty the entries are those of
// "user:ID", or of "anonymous" where it is refused.
SignInTicket begin_sign_in(Realm& realm, const Cause& cause, const SignInPolicy& policy, Attempt attempt);
VerifiedPassword verify_ticket(const SignInTicket& ticket, const base::Secret& password,
                               base::Random& random);
SignIn finish_sign_in(Realm& realm, const Cause& cause, const SignInPolicy& policy,
                      const SignInTicket& ticket, const VerifiedPassword& verified);

}  // namespace authctl::service
