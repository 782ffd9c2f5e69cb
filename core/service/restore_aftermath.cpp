// What a restored store must not bring back. Sessions, refresh families, tokens and one-time codes of the
// past may have been ended, used or stolen since, and the store does not know it; so they all end. Backup
// codes are one-time codes too: one that was used after the backup would work again.
#include <algorithm>

#include "core/base/file.h"
#include "core/service/keyring.h"
#include "core/service/keyring_state.h"
#include "core/service/restore.h"
#include "core/service/stored_settings.h"
#include "core/store/token_repository.h"

namespace authctl::service {
namespace {

using store::KeyRepository;
using store::KeyRow;
using store::KeyState;
using store::KeyUse;

void end_tokens(Change& c, const LostWindow& lost, Aftermath& result) {
  auto& db = c.db();
  result.users = db.execute("UPDATE user_account SET tokens_valid_from = $1", {c.move_past_log()});
  result.tokens = db.execute(
      "UPDATE issued_token SET revoked_at = $1 WHERE revoked_at IS NULL AND expires_at > $1", {c.now()});
  // What was issued after the backup has no row here; the cut-offs refuse it by its key. A clock that was
  // ahead may have dated it later than now.
  const auto until = std::max(c.move_past_log() - base::tick, lost.newest);
  for (const auto& key : KeyRepository(db).list(KeyUse::jwt)) {
    store::TokenRepository(db).cut_off({key.kid, base::Timestamp{}, until, c.now()},
                                       base::make_uuid7(c.realm().random(), base::to_unix_millis(c.now())));
    c.record({"token.revoke",
              {"key", key.kid, ""},
              audit::Outcome::success,
              {{"issued_until", base::to_rfc3339(until)}, {"restore", true}}});
  }
}

// Sessions, and what is used once: whether it was used since, the backup does not know.
void end_sessions_and_codes(Change& c, const LostWindow& lost, Aftermath& result) {
  auto& db = c.db();
  result.sessions = db.execute(
      "UPDATE user_session SET ended_at = $1, end_reason = 'restore' WHERE ended_at IS NULL", {c.now()});
  result.codes = db.execute("UPDATE backup_code SET used_at = $1 WHERE used_at IS NULL", {c.now()});
  result.codes += db.execute("DELETE FROM password_reset") + db.execute("DELETE FROM mfa_challenge");
  const auto second = base::to_unix_seconds(std::max(c.by_clock(), lost.newest));
  db.execute(
      "UPDATE totp_enrolment SET last_step = $1 / period WHERE last_step IS NULL OR last_step < $1 / period",
      {second});
}

void keep_dead(Change& c, const std::vector<std::string>& kids) {
  KeyRepository keys(c.db());
  for (const auto& kid : kids) {
    const auto key = keys.find(kid);
    if (!key || key->state == KeyState::revoked) continue;
    keys.update(revoked(*key, c.now()), key->state);
    c.record(key_event("key.revoke", *key, {{"restore", true}}));
  }
}

// Every key that could still sign is put to rest; gives the active one of the use.
std::optional<KeyRow> put_to_rest(Change& c, KeyUse use, base::Timestamp longest) {
  KeyRepository keys(c.db());
  std::optional<KeyRow> active;
  for (const auto& key : keys.list(use)) {
    if (key.state != KeyState::active && key.state != KeyState::pending) continue;
    std::optional<base::Timestamp> until;
    if (use == KeyUse::jwt) until = longest;
    keys.update(retired(key, until), key.state);
    c.record(key_event("key.retire", key, {{"restore", true}}));
    if (key.state == KeyState::active) active = key;
  }
  return active;
}

NewKey replace_active(Change& c, KeyRow made, const KeyRow& old) {
  if (made.public_jwk) made.published_at = c.now();
  const KeyRow next = activated(std::move(made), c.now());
  KeyRepository(c.db()).insert(next);
  c.record(key_event("key.rotate", next, {{"previous", old.kid}, {"generated", true}, {"restore", true}}));
  return {std::string(store::word_of(next.use)), next.kid, old.kid};
}

struct Successor {
  KeyUse use;
  std::optional<KeyRow> made;  // nothing where nothing was signing
};

// --keep-keys keeps none that was revoked since: something has to sign in its place.
std::vector<Successor> make_successors(Realm& scratch, bool keep_keys, const std::vector<std::string>& dead) {
  std::vector<Successor> successors;
  for (const auto use : {KeyUse::jwt, KeyUse::fernet}) {
    const auto active = KeyRepository(scratch.db()).active(use);
    std::optional<KeyRow> made;
    if (active && (!keep_keys || std::ranges::find(dead, active->kid) != dead.end())) {
      KeyDraft draft{.use = use, .alg = {}, .bits = 0, .not_before = {}};
      if (use == KeyUse::jwt) draft.alg = active->alg, draft.bits = static_cast<int>(active->bits);
      made = make_key(scratch, draft, false);
    }
    successors.push_back({use, std::move(made)});
  }
  return successors;
}

// Until when a token may live that was issued before or, by a store that is gone, after the backup. How long
// they live stands in the backup; the store that is replaced may be lost, and nobody is asked for its key.
base::Timestamp longest_token(store::Database& db, base::Timestamp now, base::Settings settings) {
  take_stored_settings(settings, db);
  const base::Timestamp longest = now + settings.duration("access_ttl");
  const auto rows = db.query("SELECT max(expires_at) FROM issued_token WHERE expires_at > $1", {now});
  return std::max(longest, rows->next() ? rows->optional_time(0).value_or(now) : now);
}

}  // namespace

Aftermath end_everything(Realm& scratch, const Cause& cause, const RestoreRequest& request,
                         const RestoreReport& report) {
  auto successors = make_successors(scratch, request.keep_keys, report.lost.revoked_keys);
  Cause real = cause;
  real.dry_run = false;  // the scratch store is not the one that a dry run must leave alone
  return change(scratch, real, [&](Change& c) {
    Aftermath result;
    const auto& header = report.header;
    c.db().execute(
        "UPDATE backup SET finished_at = COALESCE(finished_at, $2), verified_at = $3 WHERE id = $1",
        {header.id, header.created_at, c.now()});
    c.record({"backup.restore",
              {"backup", header.id, base::absolute_path(request.file)},
              audit::Outcome::success,
              {{"made_at", base::to_rfc3339(header.created_at)},
               {"log_size", header.log_size},
               {"lost_until", base::to_rfc3339(report.lost.until)},
               {"keep_keys", request.keep_keys}}});
    const auto longest = longest_token(c.db(), c.now(), request.settings);
    end_tokens(c, report.lost, result);
    end_sessions_and_codes(c, report.lost, result);
    for (auto& [use, made] : successors) {
      if (!made) continue;
      if (const auto old = put_to_rest(c, use, longest))
        result.keys.push_back(replace_active(c, std::move(*made), *old));
    }
    keep_dead(c, report.lost.revoked_keys);  // after their successors are there
    c.record({"token.revoke",
              {"store", header.store_id, ""},
              audit::Outcome::success,
              {{"users", result.users},
               {"revoked", result.tokens},
               {"sessions", result.sessions},
               {"codes", result.codes}}});
    return result;
  });
}

}  // namespace authctl::service
