// Which key is due: the policy as it is kept in store_meta, and the step it asks for now.
#include <algorithm>

#include "core/service/keyring_rotation.h"

namespace authctl::service {
namespace {
using store::KeyRepository;
using store::KeyState;
using store::KeyUse;

std::string meta_name(KeyUse use) { return "key_policy." + std::string(store::word_of(use)); }

std::optional<KeyPolicy> read_policy(std::string_view text) {
  const auto parsed = base::parse_json(text);
  if (!parsed || !parsed->is_object()) return std::nullopt;
  const auto& object = parsed->as_object();
  KeyPolicy policy;
  const auto* every = object.if_contains("rotate_every_seconds");
  if (!every || !every->is_int64()) return std::nullopt;
  policy.rotate_every = base::Duration{every->as_int64()};
  if (const auto* grace = object.if_contains("grace_seconds"); grace && grace->is_int64()) {
    policy.grace = base::Duration{grace->as_int64()};
  }
  if (const auto* alg = object.if_contains("alg"); alg && alg->is_string())
    policy.alg = alg->as_string().c_str();
  return policy;
}

struct DueStep {
  std::string active;  // the key that is too old
  Rotation kind = Rotation::plain;
  bool operator==(const DueStep&) const = default;
};

std::optional<DueStep> due_step(Realm& realm, KeyUse use, const KeyPolicy& policy, const KeyTiming& timing,
                                base::Timestamp now) {
  if (policy.rotate_every.count() == 0) return std::nullopt;  // no age is too old
  const auto active = KeyRepository(realm.db()).active(use);
  if (!active || active->activated_at.value_or(active->created_at) + policy.rotate_every > now)
    return std::nullopt;
  if (use == KeyUse::fernet || has_successor(realm, *active, policy.alg, timing, now))
    return DueStep{active->kid, Rotation::plain};
  // One that is on its way to everybody. One that is held back for longer than a new one would need stops
  // nothing: how old a key may become is what the policy is for.
  if (has_successor(realm, *active, policy.alg, timing, now + timing.jwks_max_age)) return std::nullopt;
  return DueStep{active->kid, Rotation::staged};
}

// Asked once more inside the change: of several who found the same step due one takes it, and the others look
// at what is due after that.
std::optional<KeyReport> rotate_where_due(Realm& realm, const Cause& cause, KeyUse use,
                                          const KeyPolicy& policy, const KeyTiming& timing) {
  while (const auto due = due_step(realm, use, policy, timing, realm.now())) {
    const RotationRequest request{
        .use = use,
        .kind = due->kind,
        .timing = timing,
        .grace = policy.grace,
        .alg = policy.alg,
        .began = base::Timestamp::max()};  // whether it is due still tells who was faster
    const auto prepared = prepare_rotation(realm, cause, request);
    if (prepared.expected.kid != due->active) continue;
    auto done = change(realm, cause, [&](Change& c) -> std::optional<KeyReport> {
      if (due_step(realm, use, policy, timing, c.now()) != due) return std::nullopt;
      return rotate_key(c, request, prepared);
    });
    if (done) return done;
  }
  return std::nullopt;
}
}  // namespace

bool has_successor(Realm& realm, const store::KeyRow& active, std::string_view alg, const KeyTiming& timing,
                   base::Timestamp by) {
  return std::ranges::any_of(KeyRepository(realm.db()).list(active.use), [&](const store::KeyRow& key) {
    const auto ripe = ripe_at(key, timing);
    return ripe && *ripe <= by && may_succeed(key, active, alg);
  });
}

std::optional<KeyPolicy> key_policy(Realm& realm, KeyUse use) {
  const auto rows = realm.db().query("SELECT value FROM store_meta WHERE name = $1", {meta_name(use)});
  if (!rows->next()) return std::nullopt;
  return read_policy(base::text_of(rows->blob(0)));
}

void set_key_policy(Change& change, KeyUse use, const std::optional<KeyPolicy>& policy) {
  const auto name = meta_name(use);
  if (!policy) {
    change.db().execute("DELETE FROM store_meta WHERE name = $1", {name});
    return;
  }
  base::json::object text{{"rotate_every_seconds", policy->rotate_every.count()}, {"alg", policy->alg}};
  text["grace_seconds"] =
      policy->grace ? base::json::value(policy->grace->count()) : base::json::value(nullptr);
  const std::string stored = base::canonical_json(text);
  change.db().execute(
      "INSERT INTO store_meta (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = "
      "excluded.value",
      {name, base::bytes_of(stored)});
}

std::vector<KeyReport> rotate_due(Realm& realm, const Cause& cause, const KeyTiming& timing) {
  std::vector<KeyReport> done;
  for (const auto use : {KeyUse::jwt, KeyUse::fernet}) {
    const auto policy = key_policy(realm, use);
    if (!policy) continue;
    if (auto report = rotate_where_due(realm, cause, use, *policy, timing))
      done.push_back(std::move(*report));
  }
  return done;
}

}  // namespace authctl::service
