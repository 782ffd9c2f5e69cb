#include "core/service/keyring_rotation.h"

#include "core/base/shell_word.h"
#include "core/base/text.h"
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

std::string use_option(KeyUse use) { return " --use " + std::string(store::word_of(use)); }

KeyRow require_active(Realm& realm, KeyUse use) {
  auto active = KeyRepository(realm.db()).active(use);
  if (!active) {
    throw Error(ErrorCode::precondition, "there is no active " + std::string(store::word_of(use)) + " key",
                "authctl key generate" + use_option(use));
  }
  return std::move(*active);
}

// The pending key that has waited longest among those that may sign now. Never one of another algorithm than
// was asked for, or than the active key has: what verifies our tokens elsewhere may not know it.
std::optional<KeyRow> due_successor(Realm& realm, const RotationRequest& request, const KeyRow& active,
                                    base::Timestamp now) {
  if (request.kind != Rotation::plain) return std::nullopt;
  for (auto& key : KeyRepository(realm.db()).list(request.use))
    if (may_succeed(key, active, request.alg) && is_due(key, now)) return std::move(key);
  return std::nullopt;
}

// What waits and was passed over: nobody wonders why it does not sign.
void name_passed_over(Change& c, KeyReport& report, KeyUse use) {
  for (const auto& key : KeyRepository(c.db()).list(use)) {
    if (key.state != KeyState::pending || !key.can_sign()) continue;
    if (key.alg != report.key.row.alg)
      report.notices.push_back("key " + base::quote(key.kid) + " (" + key.alg +
                               ") is still pending: authctl key promote " + base::shell_word(key.kid));
    else if (!is_due(key, c.now()))
      report.notices.push_back("key " + base::quote(key.kid) +
                               " is still pending: it is not to be used before " +
                               base::to_rfc3339(*key.not_before));
  }
}

// Made before the transaction: an RSA key takes longer than others should wait for the store.
KeyRow make_successor(Realm& realm, const Cause& cause, const RotationRequest& request,
                      const KeyRow& active) {
  const bool same = request.alg.empty() || request.alg == active.alg;
  KeyDraft draft{.use = request.use,
                 .alg = request.use == KeyUse::fernet ? request.alg : active.alg,
                 .bits = 0,
                 .not_before = {}};
  if (same && request.use == KeyUse::jwt) draft.bits = static_cast<int>(active.bits);
  if (!same) draft.alg = request.alg;
  return make_key(realm, draft, cause.dry_run);
}

// Compare and swap on the active key: whoever comes second finds another key active than the one it meant to
// replace. Where the clock was set back since the key became active, it lies ahead, and nobody was faster.
void refuse_second(const KeyRow& active, const KeyRow& expected, const RotationRequest& request,
                   base::Timestamp now) {
  const bool since =
      active.activated_at && *active.activated_at > request.began && *active.activated_at <= now;
  if (active.kid == expected.kid && !since) return;
  throw Error(ErrorCode::precondition,
              "another rotation was faster: key " + base::quote(active.kid) + " is active since " +
                  base::to_rfc3339(active.activated_at.value_or(now)),
              "authctl key list" + use_option(request.use));
}

// As a person says it: 3m20s, not 200s.
std::string span_text(std::chrono::milliseconds span) {
  const auto whole = std::chrono::duration_cast<base::Duration>(span);
  const auto minutes = std::chrono::floor<std::chrono::minutes>(whole);
  const auto rest = whole - minutes;
  if (minutes.count() == 0 || rest.count() == 0) return base::to_text(whole);
  return std::to_string(minutes.count()) + "m" + base::to_text(rest);
}

void warn_of_stale_caches(KeyReport& report, const RotationRequest& request, base::Timestamp now) {
  const auto& timing = request.timing;
  const auto& row = report.key.row;
  const auto ready = known_everywhere(row, timing);
  if (!row.public_jwk || !ready || *ready <= now) return;
  report.notices.push_back("warning: the key has been public for " + span_text(now - *row.published_at) +
                           ", less than the " + base::to_text(timing.jwks_max_age) +
                           " that others may keep our key set: until then some of them refuse its tokens" +
                           (request.kind == Rotation::emergency
                                ? ""
                                : " (authctl key rotate --use jwt --staged, then promote, avoids this)"));
}

// The old key out of its place: to rest, or dead at once with all that it signed.
KeyRow displace(Change& c, const KeyRow& active, const RotationRequest& request) {
  KeyRepository keys(c.db());
  TokenRepository tokens(c.db());
  if (request.kind != Rotation::emergency)
    return retire_active(c, request.use, request.grace.value_or(request.timing.access_ttl)).value();
  const KeyRow dead = revoked(active, c.now());
  keys.update(dead, KeyState::active);
  const auto ended = tokens.revoke_of_key(active.kid, {}, c.now(), c.now());
  c.record(key_event("key.revoke", dead, {{"emergency", true}, {"tokens_ended", ended}}));
  if (request.use == KeyUse::jwt && !request.leave_sessions)
    end_sessions_of_key(c, active.kid, "key_revoked");
  return dead;
}

KeyReport stage(Change& c, KeyRow made, const KeyTiming& timing) {
  KeyRepository keys(c.db());
  if (made.public_jwk) made.published_at = c.now();
  keys.insert(made);
  c.record(key_event("key.generate", made, {{"state", "pending"}, {"bits", made.bits}}));
  KeyReport report{with_tokens(c.realm(), made, c.now()), {}};
  const auto ready = known_everywhere(made, timing);
  report.notices.push_back("the successor is pending; " +
                           (ready ? "from " + base::to_rfc3339(*ready) + " on" : std::string("next")) +
                           ": authctl key promote " + (c.dry_run() ? "KID" : base::shell_word(made.kid)));
  name_passed_over(c, report, made.use);
  return report;
}

// A revoked Fernet key is sealed, not lost: what to type for the data under it.
std::string way_out_of(const KeyRow& old) {
  if (old.use != store::KeyUse::fernet) return {};
  return "; what is under it comes out with authctl fernet rotate --from " + base::shell_word(old.kid) +
         " --reason TEXT";
}

KeyReport swap(Change& c, const KeyRow& active, const KeyRow& made, const RotationRequest& request) {
  KeyRepository keys(c.db());
  const auto waiting = due_successor(c.realm(), request, active, c.now());
  const KeyRow old = displace(c, active, request);
  const KeyRow next = activated(waiting ? *waiting : made, c.now());
  if (waiting) {
    keys.update(next, KeyState::pending);
  } else {
    keys.insert(next);
  }
  c.record(key_event(
      "key.rotate", next,
      {{"previous", old.kid}, {"generated", !waiting}, {"emergency", request.kind == Rotation::emergency}}));
  KeyReport report{with_tokens(c.realm(), next, c.now()), {}};
  if (old.state == KeyState::revoked) {
    report.notices.push_back("key " + base::quote(old.kid) + " is revoked" + way_out_of(old));
  } else if (old.retires_at) {
    report.notices.push_back("key " + base::quote(old.kid) + " verifies until " +
                             base::to_rfc3339(*old.retires_at));
  } else {
    report.notices.push_back("key " + base::quote(old.kid) + " still opens what is under it");
  }
  warn_of_stale_caches(report, request, c.now());
  name_passed_over(c, report, request.use);
  return report;
}
}  // namespace

PreparedRotation prepare_rotation(Realm& realm, const Cause& cause, const RotationRequest& request) {
  PreparedRotation prepared{require_active(realm, request.use), {}};
  // A pending key that may sign makes a new one needless, unless it is gone by the time the transaction
  // begins; making one that is then dropped costs less than making one inside it.
  prepared.made = make_successor(realm, cause, request, prepared.expected);
  return prepared;
}

KeyReport rotate_key(Change& c, const RotationRequest& request, const PreparedRotation& prepared) {
  sweep_keys(c);
  const KeyRow active = require_active(c.realm(), request.use);
  refuse_second(active, prepared.expected, request, c.by_clock());
  return request.kind == Rotation::staged ? stage(c, prepared.made, request.timing)
                                          : swap(c, active, prepared.made, request);
}

KeyReport rotate_key(Realm& realm, const Cause& cause, const RotationRequest& request) {
  const auto prepared = prepare_rotation(realm, cause, request);
  return change(realm, cause, [&](Change& c) { return rotate_key(c, request, prepared); });
}

}  // namespace authctl::service
