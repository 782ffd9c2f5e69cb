// The use cases of keys: made, listed, replaced, withdrawn. JWT and Fernet keys alike.
// Invariant: after every change that starts with an active key there is exactly one active key for that use,
// and a private key was sealed and stored before anything was signed with it.
//
// `kid` of a key made here is its RFC 7638 thumbprint. For a symmetric key that is a hash of the secret
// itself; at 256 random bits or more nobody finds the secret from it, and passwords are never taken as keys
// (RFC 8725 section 3.5).
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/json.h"
#include "core/service/change.h"
#include "core/service/keyring_plan.h"
#include "core/service/keyring_state.h"
#include "core/token/jwk.h"

namespace authctl::service {

inline constexpr std::string_view fernet_algorithm = "Fernet";

// {kid use alg state created_at activated_at retires_at revoked_at live_tokens}
base::json::object key_json(const KeyAndTokens& key);

struct KeyDraft {
  store::KeyUse use = store::KeyUse::jwt;
  std::string alg;  // empty: ES256; Fernet has no choice
  int bits = 0;     // 0: the usual
  std::optional<base::Timestamp> not_before;
};

// A key and what should be said about it on standard error.
struct KeyReport {
  KeyAndTokens key;
  std::vector<std::string> notices;
};

// The first key of a use becomes active (unless its not_before is still to come), later ones are pending.
KeyReport generate_key(Realm& realm, const Cause& cause, const KeyDraft& draft);
// For init: an ES256 and a Fernet key, both active, in a change that is already running.
void create_first_keys(Change& change);

std::vector<KeyAndTokens> list_keys(Realm& realm, std::optional<store::KeyUse> use);
KeyAndTokens show_key(Realm& realm, std::string_view kid);
KeyPlan plan_keys(Realm& realm, store::KeyUse use, const KeyTiming& timing);

// --force: goes past an interlock that can be forced.
KeyReport promote_key(Realm& realm, const Cause& cause, const std::string& kid, const KeyTiming& timing,
                      bool force);
// From now on it verifies what it signed, as long as that lives, and no longer. A pending key gets the grace
// too: what somebody else signed with it is not known here.
KeyReport retire_key(Realm& realm, const Cause& cause, const std::string& kid, const KeyTiming& timing);
KeyReport revoke_key(Realm& realm, const Cause& cause, const std::string& kid);
KeyReport revoke_key(Change& change, const std::string& kid);
// Gives the key as it was.
KeyReport delete_key(Realm& realm, const Cause& cause, const std::string& kid, bool force);

// For the services beside this one.

// A key that was made but is in no store yet. On a dry run nothing is made: the kid is "(not generated)".
store::KeyRow make_key(Realm& realm, const KeyDraft& draft, bool dry_run);
store::KeyRow seal_jwk(Realm& realm, const token::Jwk& key, store::KeyUse use);
// The private key, or where there is none here the public one.
token::Jwk open_jwk(Realm& realm, const store::KeyRow& row);
// The 32 bytes of a Fernet key.
base::Secret open_fernet_key(Realm& realm, const store::KeyRow& row);
// Error not_found with a hint.
store::KeyRow require_key(Realm& realm, std::string_view kid);
KeyAndTokens with_tokens(Realm& realm, store::KeyRow row, base::Timestamp now);
// Puts the active key of a use to rest and gives what it was; nothing where there is none.
std::optional<store::KeyRow> retire_active(Change& change, store::KeyUse use, base::Duration grace);
// Deletes JWT keys whose retires_at is past. Every write to the keyring begins with it.
void sweep_keys(Change& change);
void refuse_unless_forced(const std::optional<KeyRefusal>& refusal, bool force);
audit::Event key_event(std::string action, const store::KeyRow& key, base::json::object detail = {});

}  // namespace authctl::service
