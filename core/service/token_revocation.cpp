// The other half of core/service/tokens.h: ending tokens before their time.
#include "core/base/shell_word.h"
#include "core/base/text.h"
#include "core/service/keyring.h"
#include "core/service/sessions.h"
#include "core/service/token_check.h"
#include "core/service/tokens.h"
#include "core/store/user_repository.h"

namespace authctl::service {
namespace {
using base::Error;
using base::ErrorCode;
using store::TokenRepository;

constexpr std::chrono::milliseconds rest_of_second{999};

audit::Event token_event(const std::string& jti, base::json::object detail) {
  return {"token.revoke", {"token", jti.substr(0, 8), ""}, audit::Outcome::success, std::move(detail)};
}

}  // namespace

RevocationReport revoke_token(Change& c, const TokenSubject& subject) {
  TokenRepository tokens(c.db());
  RevocationReport report;
  report.jti = subject.jti;
  const auto row = tokens.find(subject.jti);
  const bool changed = row ? tokens.revoke(subject.jti, c.now())
                           : tokens.revoke_unknown(subject.jti, subject.expires_at, c.now());
  if (!changed) {
    report.notices.push_back("nothing changed: the token was revoked already");
    return report;  // no change, no entry
  }
  if (!row)
    report.notices.push_back("the token was not issued by this store; its jti is refused from now on");
  if ((row ? row->expires_at : subject.expires_at) > c.now())
    report.revoked = 1;
  else
    report.notices.push_back("the token had expired; it stays refused whatever a clock says");
  c.record(token_event(subject.jti, {{"kid", subject.kid}, {"revoked", report.revoked}}));
  return report;
}

RevocationReport revoke_token(Realm& realm, const Cause& cause, std::string_view token) {
  token::Expectations anything;
  token::Verifier verifier(trusted_keys(realm, realm.now()), anything);
  const auto verdict = verifier.verify(token, realm.now());
  const auto subject = subject_of(verdict);
  if (!subject) {
    throw Error(ErrorCode::unverified,
                "the token is not one of ours: " + std::string(token::word_of(*verdict.reason)),
                "authctl token inspect shows what it says of itself");
  }
  if (subject->jti.empty()) {
    throw Error(ErrorCode::invalid, "the token has no jti to revoke it by",
                "authctl token revoke --kid " + base::shell_word(subject->kid));
  }
  return change(realm, cause, [&](Change& c) { return revoke_token(c, *subject); });
}

RevocationReport revoke_jti(Realm& realm, const Cause& cause, const std::string& jti) {
  return change(realm, cause, [&](Change& c) {
    const auto row = TokenRepository(c.db()).find(jti);
    if (!row) {
      throw Error(ErrorCode::not_found, "token " + base::quote(jti) + " was not issued here",
                  "hand over the token itself: authctl token revoke FILE");
    }
    return revoke_token(c, TokenSubject{.jti = row->jti,
                                        .sub = row->user_id.value_or(""),
                                        .kid = row->kid,
                                        .issued_at = row->issued_at,
                                        .expires_at = row->expires_at});
  });
}

RevocationReport revoke_user_tokens(Realm& realm, const Cause& cause, const std::string& name) {
  return change(realm, cause, [&](Change& c) {
    const auto user = store::get_user(c.db(), name);
    RevocationReport report;
    report.user = user.name;
    report.revoked = TokenRepository(c.db()).revoke_of_user(user.id, c.now());
    sign_out_user(c, user.id, "tokens_revoked");
    c.record({"token.revoke",
              {"user", user.id, user.name},
              audit::Outcome::success,
              {{"revoked", report.revoked}}});
    return report;
  });
}

RevocationReport revoke_key_tokens(Realm& realm, const Cause& cause, const std::string& kid,
                                   std::optional<base::Timestamp> from,
                                   std::optional<base::Timestamp> until) {
  if (from && until && *until < *from) {
    throw Error(ErrorCode::usage, "the second moment lies before the first", "--issued-between FROM UNTIL");
  }
  return change(realm, cause, [&](Change& c) {
    const auto key = require_key(realm, kid);
    const base::Timestamp first = from.value_or(base::Timestamp{});
    // A moment is given in whole seconds, as `iat` is: the second it names is included.
    const base::Timestamp last = until ? *until + rest_of_second : c.move_past_log() - base::tick;
    TokenRepository tokens(c.db());
    RevocationReport report;
    report.kid = key.kid;
    report.issued_from = from;
    report.issued_until = until.value_or(c.now());
    // Up to now is all that there is, also what a clock that was ahead has dated later.
    report.revoked = tokens.revoke_of_key(key.kid, first, until ? last : base::Timestamp::max(), c.now());
    tokens.cut_off({key.kid, first, last, c.now()},
                   base::make_uuid7(realm.random(), base::to_unix_millis(c.now())));
    c.record({"token.revoke",
              {"key", key.kid, ""},
              audit::Outcome::success,
              {{"revoked", report.revoked},
               {"issued_from", base::to_rfc3339(first)},
               {"issued_until", base::to_rfc3339(*report.issued_until)}}});
    return report;
  });
}

}  // namespace authctl::service
