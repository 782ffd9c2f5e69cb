// Verification with a store: its keys, and the two reasons that only a store knows, `revoked` and
// `user_disabled`. Invariant: reads only; whatever cannot be read is an Error, never a "valid".
//
// "Was it valid then?" (`now` in the past): revocations of tokens, users and ranges count from when they were
// made. A revoked key counts always: what it signed may carry any date its thief liked. So does a disabled
// user, since when the account was disabled is not kept.
#pragma once
#include <memory>
#include <optional>
#include <string>

#include "core/service/realm.h"
#include "core/token/jwt.h"

namespace authctl::service {

// What of a token, once its signature is right, the store is asked about.
struct TokenSubject {
  std::string jti;  // empty where it has none
  std::string sub;
  std::string kid;
  base::Timestamp issued_at;
  base::Timestamp expires_at;
};
// Nothing where the signature is not right.
std::optional<TokenSubject> subject_of(const token::Verdict& verdict);

// Every JWT key of the store that is not gone at `now`, each with its state.
std::shared_ptr<const token::KeySet> trusted_keys(Realm& realm, base::Timestamp now);

enum class AsOf {
  today,    // what was revoked is, even where the clock of whoever revoked it was ahead
  instant,  // "was it valid then?": what was revoked later does not count
};
// `revoked`, `user_disabled`, or nothing.
std::optional<token::Reason> store_refusal(Realm& realm, const TokenSubject& subject, base::Timestamp now,
                                           AsOf as_of = AsOf::today);

}  // namespace authctl::service
