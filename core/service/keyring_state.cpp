#include "core/service/keyring_state.h"

#include <algorithm>

#include "core/base/shell_word.h"
#include "core/base/text.h"

namespace authctl::service {
namespace {
using base::ErrorCode;
using store::KeyRow;
using store::KeyState;
using store::KeyUse;

std::string named(const KeyRow& key) { return "key " + base::quote(key.kid); }

KeyRefusal wrong_state(const KeyRow& key, std::string hint) {
  return {ErrorCode::precondition, named(key) + " is " + std::string(token::word_of(key.state)),
          std::move(hint)};
}

std::optional<KeyRefusal> refuse_activation(const KeyRow& key, const KeyTiming& timing, base::Timestamp now) {
  if (key.state != KeyState::pending) return wrong_state(key, "authctl key list");
  if (!key.can_sign()) {
    return KeyRefusal{ErrorCode::precondition, named(key) + " has no private half here",
                      "authctl key generate"};
  }
  if (!is_due(key, now)) {
    return KeyRefusal{ErrorCode::precondition,
                      named(key) + " is not to be used before " + base::to_rfc3339(*key.not_before),
                      "wait until then, or add --force --reason TEXT", true};
  }
  const auto ready = known_everywhere(key, timing);
  if (key.public_jwk && (!ready || *ready > now)) {
    return KeyRefusal{ErrorCode::precondition,
                      named(key) + " has been public for less than " + base::to_text(timing.jwks_max_age) +
                          ": who keeps our key set that long does not know it yet",
                      ready ? "wait until " + base::to_rfc3339(*ready) + ", or add --force --reason TEXT"
                            : "add --force --reason TEXT",
                      true};
  }
  return std::nullopt;
}

std::optional<KeyRefusal> refuse_removal(const KeyRow& key, const store::LiveTokens& live,
                                         base::Timestamp now) {
  if (key.state == KeyState::active) {
    return KeyRefusal{ErrorCode::precondition, named(key) + " is the active key",
                      "authctl key rotate --use " + std::string(store::word_of(key.use))};
  }
  const bool from_elsewhere = key.use == KeyUse::fernet && key.published_at;
  if ((key.state == KeyState::pending && !from_elsewhere) || is_gone(key, now)) return std::nullopt;
  if (key.use == KeyUse::fernet) {
    return KeyRefusal{ErrorCode::precondition,
                      named(key) + " may still have data under it, which nobody can read once it is gone",
                      "authctl fernet rotate --from " + base::shell_word(key.kid) +
                          (key.state == KeyState::revoked ? " --reason TEXT" : "") +
                          ", then add --force --reason TEXT",
                      true};
  }
  if (key.state == KeyState::retiring && live.count > 0) {
    return KeyRefusal{ErrorCode::precondition,
                      named(key) + " still verifies " + std::to_string(live.count) + " live token" +
                          (live.count == 1 ? "" : "s"),
                      "wait until " + base::to_rfc3339(*live.longest_end) + ", or add --force --reason TEXT",
                      true};
  }
  return std::nullopt;
}
}  // namespace

std::optional<KeyRefusal> refusal_of(KeyStep step, const KeyRow& key, const store::LiveTokens& live,
                                     const KeyTiming& timing, base::Timestamp now) {
  const std::string rotate = "authctl key rotate --use " + std::string(store::word_of(key.use));
  switch (step) {
    case KeyStep::activate:
      return refuse_activation(key, timing, now);
    case KeyStep::retire:
      if (key.state == KeyState::active) return wrong_state(key, rotate);
      if (key.state == KeyState::revoked) return wrong_state(key, "authctl key list");
      return std::nullopt;
    case KeyStep::revoke:
      if (key.state == KeyState::active) return wrong_state(key, rotate + " --emergency");
      return std::nullopt;
    case KeyStep::remove:
      return refuse_removal(key, live, now);
  }
  return std::nullopt;
}

KeyRow activated(KeyRow key, base::Timestamp now) {
  key.state = KeyState::active;
  key.activated_at = now;
  if (!key.published_at) key.published_at = now;
  return key;
}

KeyRow retired(KeyRow key, std::optional<base::Timestamp> until) {
  key.state = KeyState::retiring;
  key.retires_at = until;
  return key;
}

KeyRow revoked(KeyRow key, base::Timestamp now) {
  key.state = KeyState::revoked;
  key.revoked_at = now;
  return key;
}

base::Timestamp retirement(base::Timestamp now, base::Duration grace, const store::LiveTokens& live) {
  return std::max(now + grace, live.longest_end.value_or(now));
}

bool may_succeed(const KeyRow& pending, const KeyRow& active, std::string_view alg) {
  return pending.state == KeyState::pending && pending.can_sign() &&
         pending.alg == (alg.empty() ? std::string_view(active.alg) : alg);
}

bool is_gone(const KeyRow& key, base::Timestamp now) {
  return key.use == KeyUse::jwt && key.state == KeyState::retiring && key.retires_at &&
         *key.retires_at <= now;
}

bool is_published(const KeyRow& key, base::Timestamp now) {
  return key.public_jwk && key.state != KeyState::revoked && !is_gone(key, now);
}

std::optional<base::Timestamp> known_everywhere(const KeyRow& key, const KeyTiming& timing) {
  if (!key.published_at) return std::nullopt;
  return *key.published_at + timing.jwks_max_age;
}

bool is_due(const KeyRow& pending, base::Timestamp now) {
  return !pending.not_before || *pending.not_before <= now;
}

std::optional<base::Timestamp> ripe_at(const KeyRow& pending, const KeyTiming& timing) {
  if (pending.state != KeyState::pending || !pending.can_sign()) return std::nullopt;
  const auto known = pending.public_jwk ? known_everywhere(pending, timing) : pending.created_at;
  if (!known) return std::nullopt;
  return std::max(*known, pending.not_before.value_or(*known));
}

}  // namespace authctl::service
