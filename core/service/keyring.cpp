#include "core/service/keyring.h"

#include "core/base/json_or_null.h"
#include "core/base/shell_word.h"
#include "core/base/text.h"
#include "core/service/fernet_rotation.h"
#include "core/service/sessions.h"

namespace authctl::service {
namespace {
using base::Error;
using base::ErrorCode;
using store::KeyRepository;
using store::KeyRow;
using store::KeyState;
using store::KeyUse;
using store::TokenRepository;

// Publishes a new key and, where its use has no active one and nothing holds it back, lets it sign at once.
KeyRow add_key(Change& change, KeyRow key) {
  KeyRepository keys(change.db());
  if (key.public_jwk) key.published_at = change.now();
  const bool first = !keys.active(key.use) && is_due(key, change.now());
  if (first) key = activated(std::move(key), change.now());
  keys.insert(key);
  change.record(key_event("key.generate", key, {{"state", token::word_of(key.state)}, {"bits", key.bits}}));
  return key;
}

KeyReport report(Realm& realm, KeyRow row, base::Timestamp now) {
  return {with_tokens(realm, std::move(row), now), {}};
}
}  // namespace

base::json::object key_json(const KeyAndTokens& key) {
  const auto& row = key.row;
  return {{"kid", row.kid},
          {"use", store::word_of(row.use)},
          {"alg", row.alg},
          {"state", token::word_of(row.state)},
          {"created_at", base::to_rfc3339(row.created_at)},
          {"activated_at", base::or_null(row.activated_at)},
          {"retires_at", base::or_null(row.retires_at)},
          {"revoked_at", base::or_null(row.revoked_at)},
          {"live_tokens", key.live.count}};
}

audit::Event key_event(std::string action, const KeyRow& key, base::json::object detail) {
  detail["use"] = store::word_of(key.use);
  detail["alg"] = key.alg;
  return {std::move(action), {"key", key.kid, ""}, audit::Outcome::success, std::move(detail)};
}

KeyReport generate_key(Realm& realm, const Cause& cause, const KeyDraft& draft) {
  const KeyRow made = make_key(realm, draft, cause.dry_run);
  return change(realm, cause, [&](Change& c) {
    sweep_keys(c);
    KeyReport result = report(realm, add_key(c, made), c.now());
    const auto& row = result.key.row;
    if (row.state == KeyState::pending) {
      const std::string does = row.use == store::KeyUse::fernet ? "encrypts" : "signs";
      result.notices.push_back("the key is pending: it " + does + " after authctl key promote " +
                               (c.dry_run() ? "KID" : row.kid) +
                               (row.not_before ? ", not before " + base::to_rfc3339(*row.not_before) : ""));
    }
    return result;
  });
}

void create_first_keys(Change& change) {
  for (const auto use : {KeyUse::jwt, KeyUse::fernet}) {
    add_key(change,
            make_key(change.realm(), {.use = use, .alg = {}, .bits = 0, .not_before = {}}, change.dry_run()));
  }
}

std::vector<KeyAndTokens> list_keys(Realm& realm, std::optional<KeyUse> use) {
  const auto now = realm.now();
  KeyRepository keys(realm.db());
  std::vector<KeyAndTokens> list;
  for (auto& row : use ? keys.list(*use) : keys.list())
    list.push_back(with_tokens(realm, std::move(row), now));
  return list;
}

KeyAndTokens show_key(Realm& realm, std::string_view kid) {
  return with_tokens(realm, require_key(realm, kid), realm.now());
}

KeyPlan plan_keys(Realm& realm, KeyUse use, const KeyTiming& timing) {
  const auto now = realm.now();
  const auto keys = list_keys(realm, use);
  auto plan = make_plan(use, keys, timing, now);
  for (auto& key : plan.in_use) key.radius = radius_of_key(realm, key.kid, now);
  if (use == KeyUse::jwt)
    for (const auto& key : keys)
      if (key.row.kid == plan.successor_kid && key.row.published_at)
        plan.readers_behind = readers_behind(realm, *key.row.published_at, now);
  return plan;
}

namespace {
// One whose time is over stands in lists until it is swept away, and nothing can be done with it any more.
KeyRow require_living(Realm& realm, const std::string& kid, base::Timestamp now) {
  auto key = require_key(realm, kid);
  if (!is_gone(key, now)) return key;
  throw Error(ErrorCode::precondition,
              "key " + base::quote(kid) + " retired at " + base::to_rfc3339(*key.retires_at) +
                  " and verifies nothing any more",
              "authctl key delete " + base::shell_word(kid));
}
}  // namespace

KeyReport promote_key(Realm& realm, const Cause& cause, const std::string& kid, const KeyTiming& timing,
                      bool force) {
  return change(realm, cause, [&](Change& c) {
    const KeyRow key = require_living(realm, kid, c.now());
    sweep_keys(c);
    const auto refusal = refusal_of(KeyStep::activate, key, {}, timing, c.now());
    refuse_unless_forced(refusal, force);
    const auto previous = retire_active(c, key.use, timing.access_ttl);
    const KeyRow next = activated(key, c.now());
    KeyRepository(c.db()).update(next, key.state);
    base::json::object detail{{"forced", refusal.has_value()}, {"previous", nullptr}};
    if (previous) detail["previous"] = previous->kid;
    c.record(key_event("key.promote", next, std::move(detail)));
    return report(realm, next, c.now());
  });
}

KeyReport retire_key(Realm& realm, const Cause& cause, const std::string& kid, const KeyTiming& timing) {
  return change(realm, cause, [&](Change& c) {
    const KeyRow key = require_living(realm, kid, c.now());
    sweep_keys(c);
    const auto live = TokenRepository(c.db()).live_of_key(kid, c.now());
    refuse_unless_forced(refusal_of(KeyStep::retire, key, live, timing, c.now()), false);
    if (key.use == KeyUse::fernet) refuse_while_rotating(c.db(), kid, c.now());
    const base::Duration wait = key.state == KeyState::pending ? timing.access_ttl : base::Duration{0};
    std::optional<base::Timestamp> until;
    if (key.use == KeyUse::jwt) until = retirement(c.now(), wait, live);
    const KeyRow next = retired(key, until);
    KeyRepository(c.db()).update(next, key.state);
    c.record(key_event("key.retire", next, {{"retires_at", base::or_null(until)}}));
    return report(realm, next, c.now());
  });
}

KeyReport revoke_key(Change& c, const std::string& kid) {
  Realm& realm = c.realm();
  const KeyRow key = require_living(realm, kid, c.now());
  sweep_keys(c);
  refuse_unless_forced(refusal_of(KeyStep::revoke, key, {}, {}, c.now()), false);
  if (key.state == KeyState::revoked) {
    return KeyReport{with_tokens(realm, key, c.now()), {"nothing changed: the key is revoked already"}};
  }
  const KeyRow next = revoked(key, c.now());
  const auto radius = radius_of_key(realm, kid, c.now());
  KeyRepository(c.db()).update(next, key.state);
  const auto ended = TokenRepository(c.db()).revoke_of_key(kid, {}, c.now(), c.now());
  c.record(key_event("key.revoke", next, {{"tokens_ended", ended}}));
  end_sessions_of_key(c, kid, "key_revoked");
  auto done = report(realm, next, c.now());
  if (radius.tokens > 0 || radius.sessions > 0) done.notices.push_back("ended with it: " + text_of(radius));
  return done;
}

KeyReport revoke_key(Realm& realm, const Cause& cause, const std::string& kid) {
  return change(realm, cause, [&](Change& c) { return revoke_key(c, kid); });
}

KeyReport delete_key(Realm& realm, const Cause& cause, const std::string& kid, bool force) {
  return change(realm, cause, [&](Change& c) {
    const KeyRow key = require_key(realm, kid);
    const auto live = TokenRepository(c.db()).live_of_key(kid, c.now());
    const auto refusal = refusal_of(KeyStep::remove, key, live, {}, c.now());
    refuse_unless_forced(refusal, force);
    if (key.use == KeyUse::fernet && !force) refuse_while_rotating(c.db(), kid, c.now());
    KeyRepository(c.db()).remove(kid);
    c.record(key_event("key.delete", key,
                       {{"state", token::word_of(key.state)},
                        {"live_tokens", live.count},
                        {"forced", refusal.has_value()}}));
    return KeyReport{{key, live}, {}};
  });
}

std::optional<KeyRow> retire_active(Change& change, KeyUse use, base::Duration grace) {
  KeyRepository keys(change.db());
  const auto active = keys.active(use);
  if (!active) return std::nullopt;
  std::optional<base::Timestamp> until;
  if (use == KeyUse::jwt) {
    until =
        retirement(change.now(), grace, TokenRepository(change.db()).live_of_key(active->kid, change.now()));
  }
  const KeyRow next = retired(*active, until);
  keys.update(next, KeyState::active);
  change.record(key_event("key.retire", next, {{"retires_at", base::or_null(until)}}));
  return next;
}

void sweep_keys(Change& change) {
  KeyRepository keys(change.db());
  for (const auto& key : keys.list(KeyUse::jwt)) {
    if (!is_gone(key, change.now())) continue;
    keys.remove(key.kid);
    change.record(
        key_event("key.delete", key, {{"state", "retiring"}, {"retires_at", base::or_null(key.retires_at)}}));
  }
}

void refuse_unless_forced(const std::optional<KeyRefusal>& refusal, bool force) {
  if (refusal && !(force && refusal->can_be_forced))
    throw Error(refusal->code, refusal->message, refusal->hint);
}

KeyRow require_key(Realm& realm, std::string_view kid) {
  auto key = KeyRepository(realm.db()).find(kid);
  if (!key) {
    throw Error(ErrorCode::not_found, "key " + base::quote(kid) + " does not exist", "authctl key list");
  }
  return std::move(*key);
}

KeyAndTokens with_tokens(Realm& realm, KeyRow row, base::Timestamp now) {
  auto live = TokenRepository(realm.db()).live_of_key(row.kid, now);
  // What a revoked key signed is dead, whatever its rows say.
  if (row.state == KeyState::revoked) live = {};
  return {std::move(row), live};
}

}  // namespace authctl::service
