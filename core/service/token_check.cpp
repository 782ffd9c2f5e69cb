#include "core/service/token_check.h"

#include "core/service/keyring.h"
#include "core/store/user_repository.h"

namespace authctl::service {
namespace {
using store::TokenRepository;

std::string text_claim(const base::json::object& claims, std::string_view name) {
  const auto* value = claims.if_contains(name);
  return value && value->is_string() ? std::string(value->as_string()) : std::string();
}

base::Timestamp time_claim(const base::json::object& claims, std::string_view name) {
  const auto* value = claims.if_contains(name);
  if (!value || !value->is_number()) return {};
  return base::from_unix_seconds(value->to_number<std::int64_t>());
}

// Ids of ours are short and have no NUL; nothing else is in the store, and PostgreSQL would not even take it.
bool may_be_stored(std::string_view id) {
  return !id.empty() && id.size() <= 256 && id.find('\0') == id.npos;
}
}  // namespace

std::optional<TokenSubject> subject_of(const token::Verdict& verdict) {
  if (!verdict.claims) return std::nullopt;
  return TokenSubject{.jti = text_claim(*verdict.claims, "jti"),
                      .sub = text_claim(*verdict.claims, "sub"),
                      .kid = std::string(verdict.kid),
                      .issued_at = time_claim(*verdict.claims, "iat"),
                      .expires_at = time_claim(*verdict.claims, "exp")};
}

std::shared_ptr<const token::KeySet> trusted_keys(Realm& realm, base::Timestamp now) {
  auto keys = std::make_shared<token::KeySet>();
  for (const auto& row : store::KeyRepository(realm.db()).list(store::KeyUse::jwt)) {
    if (is_gone(row, now)) continue;
    token::Jwk key = row.public_jwk ? token::parse_jwk(*row.public_jwk) : open_jwk(realm, row);
    key.kid = row.kid;
    keys->add(std::move(key), row.state, row.retires_at);
  }
  return keys;
}

std::optional<token::Reason> store_refusal(Realm& realm, const TokenSubject& subject, base::Timestamp now,
                                           AsOf as_of) {
  const auto counts = [&](base::Timestamp since) { return as_of == AsOf::today || since <= now; };
  TokenRepository tokens(realm.db());
  const std::string jti = may_be_stored(subject.jti) ? subject.jti : std::string();
  const auto row = jti.empty() ? std::nullopt : tokens.find(jti);
  // Ours are known to the millisecond; of others only the second of `iat` is known, which counts as its
  // beginning.
  const bool ours = row && row->kid == subject.kid;
  const base::Timestamp issued_at = ours ? row->issued_at : subject.issued_at;
  const auto revoked_at = jti.empty() ? std::nullopt : tokens.revoked_at(jti);
  if (revoked_at && counts(*revoked_at)) return token::Reason::revoked;
  // A cut-off marks the rows of ours that it ended; one that a clock set too far on takes nothing of later.
  const auto cut_off_at = tokens.cut_off_at(subject.kid, issued_at);
  if (cut_off_at && (ours ? *cut_off_at <= now : counts(*cut_off_at))) return token::Reason::revoked;
  if (!may_be_stored(subject.sub)) return std::nullopt;
  const auto user = store::find_user_by_id(realm.db(), subject.sub);
  if (!user) {
    // A subject that nobody here knows is fine for a token that was issued elsewhere; one of ours had a user.
    return ours && row->user_id ? std::optional(token::Reason::user_disabled) : std::nullopt;
  }
  // Disabling ends the tokens too, so that they stay dead afterwards; while it lasts, it is the better
  // answer.
  if (user->status == store::UserStatus::disabled) return token::Reason::user_disabled;
  if (user->tokens_valid_from > issued_at && counts(user->tokens_valid_from)) return token::Reason::revoked;
  return std::nullopt;
}

}  // namespace authctl::service
