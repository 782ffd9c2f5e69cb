// The change of one active key for the next.
// Invariant: exactly one of several rotations that begin with the same active key takes place; the others are
// refused (precondition) and change nothing. The new key is sealed in the store in the same commit that lets
// it sign.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "core/service/keyring.h"

namespace authctl::service {

enum class Rotation {
  plain,     // the successor signs at once: a pending key that is there and due, else a new one
  staged,    // the successor is published and waits for `promote`
  emergency  // a new key signs at once; the old one is revoked, what it signed ends
};

struct RotationRequest {
  store::KeyUse use = store::KeyUse::jwt;
  Rotation kind = Rotation::plain;
  KeyTiming timing;
  std::optional<base::Duration> grace;  // the old key verifies at least so long; none: the access_ttl
  std::string alg;                      // empty: as the old key
  base::Timestamp began;        // when the command was given: a key that became active since then has won
  bool leave_sessions = false;  // emergency: those under the old key end otherwise, by the same command
};

KeyReport rotate_key(Realm& realm, const Cause& cause, const RotationRequest& request);

// For a change with more in it: the successor is made before, because an RSA key takes long.
struct PreparedRotation {
  store::KeyRow expected, made;  // the active key that is to be replaced, and what takes its place
};
PreparedRotation prepare_rotation(Realm& realm, const Cause& cause, const RotationRequest& request);
KeyReport rotate_key(Change& change, const RotationRequest& request, const PreparedRotation& prepared);

// What the policy says about the keys of one use. Kept in the store, so that every process keeps the same.
struct KeyPolicy {
  base::Duration rotate_every{0};  // 0: never
  std::optional<base::Duration> grace;
  std::string alg;  // empty: as the old key
};
std::optional<KeyPolicy> key_policy(Realm& realm, store::KeyUse use);
void set_key_policy(Change& change, store::KeyUse use, const std::optional<KeyPolicy>& policy);

// Whether a pending key can take the active one's place by then at the latest; `alg` as in may_succeed().
bool has_successor(Realm& realm, const store::KeyRow& active, std::string_view alg, const KeyTiming& timing,
                   base::Timestamp by);

// What is due, a step a call: a key that is too old first gets a successor, and a later call, when everybody
// knows it, lets it sign. Gives what was done; nothing where nothing is due, also because another run was
// faster.
std::vector<KeyReport> rotate_due(Realm& realm, const Cause& cause, const KeyTiming& timing);

}  // namespace authctl::service
