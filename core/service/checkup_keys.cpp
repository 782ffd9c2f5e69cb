// Keys: one that signs, not too old, followed by another, and of a strength that lasts.
#include "core/base/shell_word.h"
#include "core/base/text.h"
#include "core/service/checkup_checks.h"
#include "core/service/keyring.h"
#include "core/service/keyring_rotation.h"
#include "core/service/keyring_state.h"
#include "core/service/stored_settings.h"

namespace authctl::service {
namespace {
using store::KeyState;
using store::KeyUse;

// Where no policy says otherwise.
constexpr base::Duration usual_age = std::chrono::hours(24 * 90);
constexpr std::int64_t fewest_rsa_bits = 3072;  // NIST SP 800-57 part 1: 128 bits of strength

std::string word(KeyUse use) { return std::string(store::word_of(use)); }

Judgement judge_active(const Patient& patient, KeyUse use) {
  if (const auto key = store::KeyRepository(patient.db()).active(use))
    return well("an active " + word(use) + " key is there");
  return failing("there is no active " + word(use) + " key", "authctl key generate --use " + word(use));
}

std::optional<base::Duration> age_allowed(const Patient& patient, KeyUse use) {
  const auto policy = key_policy(*patient.realm, use);
  if (!policy) return usual_age;
  if (policy->rotate_every.count() == 0) return std::nullopt;
  return policy->rotate_every;
}

Judgement judge_age(const Patient& patient, KeyUse use) {
  const auto key = store::KeyRepository(patient.db()).active(use);
  if (!key) return skipped("there is no active " + word(use) + " key");
  const auto allowed = age_allowed(patient, use);
  if (!allowed) return skipped("the policy says that no " + word(use) + " key is too old");
  const auto age = patient.now - key->activated_at.value_or(key->created_at);
  if (age < *allowed) return well("the active " + word(use) + " key is younger than " + age_text(*allowed));
  const std::string text = "the active " + word(use) + " key signs since " + age_text(age) + "; " +
                           age_text(*allowed) + " are allowed";
  const std::string hint =
      "authctl key plan --use " + word(use) + ", then authctl key rotate --use " + word(use);
  return age >= 2 * *allowed ? failing(text, hint) : warning(text, hint);
}

base::Duration jwks_max_age(const Patient& patient) {
  auto settings = patient.settings();
  take_stored_settings(settings, patient.db());
  return settings.duration("jwks_max_age");
}

// What takes a weak key out of use.
std::string instead_of(const store::KeyRow& key) {
  const auto kid = base::shell_word(key.kid);
  if (key.state == KeyState::active) return "authctl key rotate --use jwt --alg ES256";
  if (key.state == KeyState::pending) return "authctl key delete " + kid;
  const std::string now = "authctl key revoke " + kid;
  return key.retires_at ? now + ", or wait until " + base::to_rfc3339(*key.retires_at) : now;
}

}  // namespace

Judgement check_jwt_active(const Patient& patient) { return judge_active(patient, KeyUse::jwt); }
Judgement check_fernet_active(const Patient& patient) { return judge_active(patient, KeyUse::fernet); }
Judgement check_jwt_age(const Patient& patient) { return judge_age(patient, KeyUse::jwt); }
Judgement check_fernet_age(const Patient& patient) { return judge_age(patient, KeyUse::fernet); }

// In the last tenth of its time a key should have one that everybody knows already.
Judgement check_jwt_successor(const Patient& patient) {
  const auto key = store::KeyRepository(patient.db()).active(KeyUse::jwt);
  const auto allowed = age_allowed(patient, KeyUse::jwt);
  if (!key || !allowed) return skipped("no jwt key comes to its end");
  const auto policy = key_policy(*patient.realm, KeyUse::jwt);
  const std::string alg = policy ? policy->alg : "";
  const KeyTiming timing{.jwks_max_age = jwks_max_age(patient), .access_ttl = {}};
  const auto began = key->activated_at.value_or(key->created_at);
  const auto needed = std::max(began + *allowed, patient.now + timing.jwks_max_age);
  if (has_successor(*patient.realm, *key, alg, timing, needed)) return well("a successor is published");
  if (patient.now - began < *allowed * 9 / 10) return well("a successor is not due yet");
  return warning(
      "the active jwt key nears its end, and no successor can take over by " + base::to_rfc3339(needed),
      "authctl key rotate --use jwt --staged" + (alg.empty() ? "" : " --alg " + alg));
}

Judgement check_key_policy(const Patient& patient) {
  for (const auto use : {KeyUse::jwt, KeyUse::fernet}) {
    const auto policy = key_policy(*patient.realm, use);
    if (!policy || policy->rotate_every.count() == 0)
      return warning("nothing says how often " + word(use) + " keys are rotated, so --due never does",
                     "put `keys: {" + word(use) + ": {rotate_every: 30d}}` into a manifest; authctl apply");
  }
  return well("a policy says how often keys are rotated");
}

Judgement check_old_keys(const Patient& patient) {
  for (const auto& key : list_keys(*patient.realm, std::nullopt)) {
    const bool over = key.row.retires_at && *key.row.retires_at <= patient.now;
    if (key.row.state == KeyState::retiring && over && key.live.count > 0)
      return failing("tokens hang on key " + base::quote(key.row.kid) + ", whose grace is over",
                     "authctl token revoke --kid " + base::shell_word(key.row.kid));
    if (key.row.state == KeyState::retiring && !key.row.retires_at)
      return warning(word(key.row.use) + " key " + base::quote(key.row.kid) +
                         " is retired and still in use: what is under it was not re-encrypted",
                     "authctl fernet rotate, then authctl key delete " + base::shell_word(key.row.kid));
  }
  return well("no retired key is still needed");
}

Judgement check_algorithms(const Patient& patient) {
  for (const auto& key : store::KeyRepository(patient.db()).list(KeyUse::jwt)) {
    if (key.state == KeyState::revoked || is_gone(key, patient.now)) continue;
    if (key.alg == "HS256")
      return warning("key " + base::quote(key.kid) + " is HS256: who can verify with it can sign",
                     instead_of(key));
    if (key.alg == "RS256" && key.bits < fewest_rsa_bits)
      return warning("key " + base::quote(key.kid) + " is RSA with " + std::to_string(key.bits) + " bits",
                     instead_of(key));
  }
  return well("keys are asymmetric and strong");
}

}  // namespace authctl::service
