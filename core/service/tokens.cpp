#include "core/service/tokens.h"

#include <algorithm>
#include <array>

#include "core/base/shell_word.h"
#include "core/base/text.h"
#include "core/service/keyring.h"
#include "core/store/user_repository.h"

namespace authctl::service {
namespace {
using base::Error;
using base::ErrorCode;
using store::KeyRepository;
using store::TokenRepository;

// What a token says of itself is never for the caller to choose.
constexpr std::array<std::string_view, 12> reserved{"iss", "sub", "aud",  "exp",       "iat",   "nbf",
                                                    "jti", "sid", "type", "client_id", "roles", "scope"};

constexpr std::int64_t last_numeric_date = 253402300799;  // the end of the year 9999
// Rows of tokens that expired so long ago are of no use to anybody who asks "was it valid then?".
constexpr std::chrono::days kept_after_expiry{30};
constexpr std::int64_t pruned_for_each_issue = 4;

void check_type(std::string_view type) {
  const auto fits = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
  };
  if (!type.empty() && type.size() <= 32 && std::all_of(type.begin(), type.end(), fits)) return;
  throw Error(ErrorCode::usage, "not a token type: " + base::quote(type),
              "access, refresh, or 1 to 32 of a-z 0-9 _ -");
}

// RFC 6749 section 3.3: one scope, or several with blanks between.
void check_scope(std::string_view scope) {
  const auto fits = [](char c) { return c >= ' ' && c < 0x7f && c != '"' && c != '\\'; };
  if (std::ranges::all_of(scope, fits)) return;
  throw Error(ErrorCode::usage, base::quote(scope) + " is not a scope", "printable ASCII without \" and \\");
}

// RFC 7519 section 4.1: a text that is compared byte by byte; what nobody sees in it is a mistake.
void check_party(const std::string& name, const std::string& what, const char* hint) {
  if (!name.empty() && base::is_utf8(name) && base::printable(name) == name) return;
  throw Error(ErrorCode::usage, base::quote(name) + " is not " + what + ": UTF-8 without control characters",
              hint);
}

void check_request(const TokenRequest& request, base::Timestamp now) {
  check_type(request.type);
  if (request.ttl.count() <= 0)
    throw Error(ErrorCode::usage, "a token must live for a second at least", "--ttl 15m");
  if (request.ttl.count() > last_numeric_date - base::to_unix_seconds(now)) {
    throw Error(ErrorCode::usage, "a token cannot live past the year 9999", "--ttl 15m");
  }
  for (const auto& audience : request.audiences) check_party(audience, "an audience", "--audience A");
  check_party(request.issuer, "an issuer", "authctl config show --origin");
  for (const auto& scope : request.scopes) check_scope(scope);
  for (std::size_t i = 0; i < request.claims.size(); ++i) {
    const auto& name = request.claims[i].first;
    if (name.empty()) throw Error(ErrorCode::usage, "a claim needs a name", "--claim NAME=VALUE");
    if (std::find(reserved.begin(), reserved.end(), name) != reserved.end()) {
      throw Error(ErrorCode::usage, "the claim " + base::quote(name) + " is set by authctl",
                  "choose another name");
    }
    if (!base::is_utf8(name) || !base::is_utf8(request.claims[i].second)) {
      throw Error(ErrorCode::usage, "the claim " + base::quote(name) + " is not UTF-8", "--claim NAME=VALUE");
    }
    for (std::size_t k = 0; k < i; ++k) {
      if (request.claims[k].first == name) {
        throw Error(ErrorCode::usage, "the claim " + base::quote(name) + " is given twice",
                    "leave one of them out");
      }
    }
  }
}

base::json::array strings(const std::vector<std::string>& texts) {
  base::json::array array;
  for (const auto& text : texts) array.push_back(base::json::string(text));
  return array;
}

// RFC 6749 section 3.3: a set; who says it twice says no more.
std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (auto word = words.begin(); word != words.end(); ++word)
    if (std::find(words.begin(), word, *word) == word) text += (text.empty() ? "" : " ") + *word;
  return text;
}

// A token without an audience of its own is for us alone; RFC 7519 section 4.1.3 has one name as a plain
// string.
base::json::value audience_value(const std::vector<std::string>& audiences) {
  if (audiences.size() == 1) return base::json::string(audiences.front());
  return strings(audiences);
}

base::json::object make_claims(Change& c, const TokenRequest& request, const store::UserRow& user) {
  const auto now = base::to_unix_seconds(c.now());
  base::json::object claims{{"iss", request.issuer},
                            {"sub", user.id},
                            {"aud", audience_value(request.audiences)},
                            {"exp", now + request.ttl.count()},
                            {"iat", now},
                            {"nbf", now},
                            {"jti", base::make_uuid4(c.realm().random())},
                            {"sid", request.sid.empty() ? base::make_uuid4(c.realm().random()) : request.sid},
                            {"type", request.type},
                            {"client_id", request.client_id},
                            {"roles", strings(TokenRepository(c.db()).unrestricted_roles(user.id, c.now()))},
                            {"scope", joined(request.scopes)}};
  for (const auto& [name, value] : request.claims) claims[name] = value;
  return claims;
}

store::IssuedToken row_of(const SettledToken& settled, const TokenRequest& request,
                          const store::UserRow& user, Change& c) {
  return {.jti = settled.jti,
          .kid = settled.kid,
          .user_id = user.id,
          .type = settled.type,
          .session_id = std::string(settled.claims.at("sid").as_string()),
          .client_id = request.client_id,
          .issued_at = c.now(),
          .expires_at = settled.expires_at,
          .revoked_at = {}};
}

}  // namespace

std::int64_t end_earlier_tokens(Change& c, const std::string& user_id) {
  store::end_user_tokens(c.db(), user_id, c.move_past_log());
  return TokenRepository(c.db()).revoke_issued_ahead(user_id, c.now());
}

base::Timestamp admit_from_now(Change& c, const store::UserRow& user) {
  if (user.tokens_valid_from <= c.now()) return user.tokens_valid_from;
  const auto ended = end_earlier_tokens(c, user.id);
  c.record({"token.revoke",
            {"user", user.id, user.name},
            audit::Outcome::success,
            {{"revoked", ended}, {"clock_was_ahead_until", base::to_rfc3339(user.tokens_valid_from)}}});
  return c.now();
}

SettledToken settle_token(Change& c, const TokenRequest& request, const store::UserRow& user,
                          ActiveSigner& signer) {
  admit_from_now(c, user);
  SettledToken settled;
  settled.key = signer.get(c);
  settled.kid = signer.kid();
  settled.claims = make_claims(c, request, user);
  settled.type = request.type;
  settled.jti = settled.claims.at("jti").as_string();
  settled.expires_at = base::from_unix_seconds(settled.claims.at("exp").as_int64());
  TokenRepository tokens(c.db());
  tokens.insert(row_of(settled, request, user, c));
  if (tokens.has_expired_before(c.now() - kept_after_expiry))
    tokens.prune(std::min(c.now(), store::settled_time(c.db())) - kept_after_expiry, pruned_for_each_issue);
  return settled;
}

IssuedTokenReport issue_token(Realm& realm, const Cause& cause, const TokenRequest& request) {
  check_request(request, realm.now());
  return change(realm, cause, [&](Change& c) {
    const auto user = store::get_user(c.db(), request.user);
    if (user.status == store::UserStatus::disabled) {
      throw Error(ErrorCode::denied, "user " + base::quote(user.name) + " is disabled",
                  "authctl user enable " + base::shell_word(user.name));
    }
    ActiveSigner signer;
    IssuedTokenReport report{settle_token(c, request, user, signer), "(not generated)"};
    if (!c.dry_run()) report.token = report.sign().reveal_text();
    if (report.token.size() > token::Expectations{}.max_bytes) {
      throw Error(
          ErrorCode::usage,
          "the token would have " + std::to_string(report.token.size()) + " bytes, more than is verified",
          "shorter or fewer claims, scopes and audiences");
    }
    c.record({"token.issue",
              {"token", report.jti.substr(0, 8), user.name},
              audit::Outcome::success,
              {{"user", user.id},
               {"kid", report.kid},
               {"type", report.type},
               {"expires_at", base::to_rfc3339(report.expires_at)},
               {"audience", strings(request.audiences)},
               {"scope", joined(request.scopes)}}});
    return report;
  });
}

}  // namespace authctl::service
