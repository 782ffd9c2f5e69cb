// What follows on a right password: a session, or first a second factor, or first another password.
//
//   right password ──► second factor enrolled? ──yes──► challenge ──right code──┐
//                                │ no                   (5 minutes, 5 tries)    │
//                                └──────────────────────────────────────────────┴─► must the password change?
//                                                                                    ├─ yes ─► a reset token
//                                                                                    └─ no ──► a session
//
// Invariants: nobody has a session before all of this is done; every sign-in opens another session, and the
// one that the same browser had before is over; challenges and reset tokens stand in the store as hashes and
// work once.
#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "core/service/second_factor.h"
#include "core/service/sessions.h"
#include "core/service/sign_in.h"

namespace authctl::service {

inline constexpr std::chrono::minutes challenge_lifetime{5};
inline constexpr std::int64_t challenge_tries = 5;
inline constexpr std::chrono::minutes reset_lifetime{30};

// The right password came too late: the account was shut or signed out meanwhile.
struct Overtaken {
  Refusal refusal;
  std::string user_name;
};

// One of the first three, or `overtaken`, or nothing: there is no such account any more.
struct NextStep {
  std::optional<SessionTokens> session;
  std::optional<base::Secret> challenge;  // for answer_challenge()
  std::optional<base::Secret> reset;      // for confirm_reset(): the password has to be changed first
  std::optional<Overtaken> overtaken;
};

struct Completion {
  std::string user_id;
  // What SignIn says. Nothing: the change that asks knows that nobody was signed out since.
  std::optional<base::Timestamp> valid_from;
  bool mfa_required = false, must_change = false;
  SessionDraft draft;
  std::optional<std::string> replaced;  // id of the session that this browser had
};
// Entries: session.create, and session.revoke for the one that was replaced.
NextStep complete_sign_in(Realm& realm, const Cause& cause, const SignInPolicy& policy,
                          const Completion& completion, const SessionRules& rules, ActiveSigner& signer);
// The same within a change that has more in it; tell_overtaken() once it is on disk.
NextStep complete_sign_in(Change& change, const Completion& completion, const SessionRules& rules,
                          ActiveSigner& signer);

// The entry where something was overtaken that an account's right password allowed.
NextStep refuse_overtaken(Change& change, const store::UserRow& user, std::string_view door);
void tell_overtaken(Realm& realm, const Cause& cause, const SignInPolicy& policy, const NextStep& next,
                    std::string_view door);

struct ChallengeAnswer {
  std::string_view challenge;
  const base::Secret& code;
  SessionDraft draft;  // remember_me is the challenge's; so is the door, unless this one asks for tokens
  std::optional<std::string> replaced;
  std::string door = "login";
};
struct AnsweredChallenge {
  bool known = false;  // the challenge was one; what follows holds only then
  std::string user_id;
  Door door = Door::cookie;
  std::optional<Refusal> refusal;
  NextStep next;
};
// Five wrong codes end a challenge; one that was refused by a lock is not counted.
AnsweredChallenge answer_challenge(Realm& realm, const Cause& cause, const SignInPolicy& policy,
                                   const ChallengeAnswer& answer, const SessionRules& rules,
                                   ActiveSigner& signer);

}  // namespace authctl::service
