// The one door by which a one-time or backup code is ever verified. It shares the counters of passwords:
// failures of either count together, and a right password alone takes none of them back (a new sign-in gives
// nobody new guesses). Invariant: a code works once, also in two processes at the same instant; that it is
// used up is on disk before anybody is told that it was right. RFC 6238 section 5.2.
#pragma once
#include "core/service/sign_in.h"

namespace authctl::service {

enum class Factor { totp, backup_code };
std::string_view word_of(Factor factor);  // "totp", "backup_code"

struct CodeAttempt {
  std::string user;              // id, name or e-mail
  const base::Secret& code;      // as it was typed
  std::string door;              // "login", "oauth", "terminal"
  std::optional<Factor> factor;  // nothing: whichever it is one of
  Purpose purpose = Purpose::sign_in;
};

struct CodeCheck {
  std::optional<Refusal> refusal;  // nothing: it is right, and used up now
  std::string user_id, user_name;
  Factor factor = Factor::totp;  // what it was one of
  std::int64_t backup_codes_left = 0;
  bool must_change = false, new_address = false;  // as in SignIn
  std::optional<base::Timestamp> locked_until;
  bool accepted() const { return !refusal; }
};

// Error not_found for a user that there is not (whoever comes here has given a right password before).
CodeCheck verify_second_factor(Realm& realm, const Cause& cause, const SignInPolicy& policy,
                               const CodeAttempt& attempt);

// Whether a sign-in of this user needs a second factor: it has one that was confirmed.
bool has_second_factor(store::Database& db, const std::string& user_id);

}  // namespace authctl::service
