// The life of a key as a pure state machine: no store, no clock, no secret. JWT and Fernet keys live the same
// life.
//
//   generate, import          promote, rotate              rotate, retire             retires_at is past
//        |                          |                            |                          |
//        v                          v                            v                          v
//     pending ------------------> active ------------------> retiring -------------------> (gone)
//        |   \                      |                           |  ^
//        |    `---- retire ---------|---------------------------|--'
//        |                          | rotate --emergency        |
//        `----- revoke -------------+------- revoke ------------'---> revoked --- delete --> (gone)
//
// pending: published, does not sign. active: signs. retiring: verifies until retires_at, does not sign;
// without a retires_at it verifies until somebody says otherwise (a public key that was imported, every
// Fernet key: data under it has no end). revoked: verifies nothing, kept so that `revoked_key` can be told
// from `unknown_key`. Invariant: from every state with an active key each step leads to a state with exactly
// one: the active key leaves its place only in the step that puts its successor there.
#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "core/base/error.h"
#include "core/store/key_repository.h"
#include "core/store/token_repository.h"

namespace authctl::service {

// What the life of a key is timed by; both are settings.
struct KeyTiming {
  // How long others may keep our key set before they ask again: what was published for less time than this
  // may still be unknown to somebody who verifies.
  base::Duration jwks_max_age{900};
  base::Duration access_ttl{900};  // how long what is signed now will live
};

enum class KeyStep { activate, retire, revoke, remove };

struct KeyRefusal {
  base::ErrorCode code;
  std::string message;
  std::string hint;
  bool can_be_forced = false;  // --force --reason goes past it
};

// Why this step is not to be taken now; nothing where it is.
std::optional<KeyRefusal> refusal_of(KeyStep step, const store::KeyRow& key, const store::LiveTokens& live,
                                     const KeyTiming& timing, base::Timestamp now);

// The key after the step; the step must not be refused (or be forced).
store::KeyRow activated(store::KeyRow key, base::Timestamp now);
store::KeyRow retired(store::KeyRow key, std::optional<base::Timestamp> until);
store::KeyRow revoked(store::KeyRow key, base::Timestamp now);

// When a key that stops signing now may stop verifying: after the grace and after the last token it signed.
base::Timestamp retirement(base::Timestamp now, base::Duration grace, const store::LiveTokens& live);

bool is_gone(const store::KeyRow& key, base::Timestamp now);       // retiring, and its time is past
bool is_published(const store::KeyRow& key, base::Timestamp now);  // its public half stands in the JWKS
// When every verifier that keeps the JWKS for its max-age knows the key; nothing where it was never
// published.
std::optional<base::Timestamp> known_everywhere(const store::KeyRow& key, const KeyTiming& timing);
// A pending key that can take the place of the active one: of the algorithm asked for, else of the same.
bool may_succeed(const store::KeyRow& pending, const store::KeyRow& active, std::string_view alg);
bool is_due(const store::KeyRow& pending, base::Timestamp now);  // its not_before is past
// From when on a pending key may sign; nothing where it never does without --force.
std::optional<base::Timestamp> ripe_at(const store::KeyRow& pending, const KeyTiming& timing);

}  // namespace authctl::service
