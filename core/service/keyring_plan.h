// When a successor should be published, sign, and let the old key go, worked out from the longest live token
// and from how long others keep our key set. Pure: rows in, times out. Invariant: publish_at + jwks_max_age
// <= activate_at, and no token that the old key signed lives past retire_at.
#pragma once
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/base/json.h"
#include "core/service/key_radius.h"
#include "core/service/keyring_state.h"

namespace authctl::service {

struct KeyInUse {
  std::string kid;
  store::KeyState state;
  std::int64_t live_tokens;
  std::optional<base::Timestamp> until;  // when the last of them ends
  KeyRadius radius = {};                 // filled in by plan_keys()
};

struct KeyPlan {
  store::KeyUse use;
  base::Timestamp made_at;
  KeyTiming timing;
  std::optional<std::string> active_kid;
  std::optional<std::string> successor_kid;  // a pending key that is there already
  base::Timestamp publish_at;
  base::Timestamp activate_at;
  bool held_back = false;                    // activate_at is what `key generate --not-before` said
  std::optional<base::Timestamp> retire_at;  // Fernet: none, what is under the key has no end
  std::vector<KeyInUse> in_use;
  std::vector<store::JwksReader> readers_behind;  // they do not know the successor yet; by plan_keys()
  std::vector<std::string> safe_now;              // commands that no interlock refuses at this moment
  std::string next;                               // what to type next
};

// A key and the tokens of it that live.
struct KeyAndTokens {
  store::KeyRow row;
  store::LiveTokens live;
};

KeyPlan make_plan(store::KeyUse use, std::span<const KeyAndTokens> keys, const KeyTiming& timing,
                  base::Timestamp now);

base::json::object plan_json(const KeyPlan& plan);
// The same for a person: a time line and what is safe, in 80 columns of plain text.
std::string draw_plan(const KeyPlan& plan);

}  // namespace authctl::service
