// Tokens of this store: issued, and revoked before their time.
// Invariant: no token is handed out before its row in issued_token and its audit entry are on disk; a
// revocation holds for every verification that begins after it was committed.
//
// Access tokens follow RFC 9068 (typ at+jwt); every other type names itself in `typ` as RFC 8725 section 3.11
// asks: "refresh" has refresh+jwt, so that no verifier takes the one for the other.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/json.h"
#include "core/service/token_signing.h"
#include "core/store/user_repository.h"

namespace authctl::service {

inline constexpr std::string_view local_client = "authctl";  // client_id of what the command line issues

struct TokenRequest {
  std::string user;  // name, e-mail or id
  std::string type = "access";
  base::Duration ttl{0};
  std::string issuer;
  std::vector<std::string> audiences;  // one at least
  std::vector<std::string> scopes;
  std::vector<std::pair<std::string, std::string>> claims;  // beside the registered ones
  std::string sid{};                                        // empty: one of its own
  std::string client_id{local_client};
};

struct IssuedTokenReport : SettledToken {
  std::string token;  // the secret itself; "(not generated)" on a dry run
};

// Error not_found, denied (a disabled user), precondition (no active key), invalid (a reserved claim, a
// lifetime of 0).
IssuedTokenReport issue_token(Realm& realm, const Cause& cause, const TokenRequest& request);

// A token for this user within a change that says in its own entry what it is for, with its row in
// issued_token; to be signed when the change is on disk. The request's `user` is not looked at.
SettledToken settle_token(Change& change, const TokenRequest& request, const store::UserRow& user,
                          ActiveSigner& signer);

// Ends every token of the user that was issued before this change, also one that bears a later time, of a
// clock that was ahead. The number of those.
std::int64_t end_earlier_tokens(Change& change, const std::string& user_id);
// A clock that was too far on may have put the end of all earlier tokens into the future. What comes now is
// good; what was before ends all the same. Gives tokens_valid_from as it is then. Entry: token.revoke.
base::Timestamp admit_from_now(Change& change, const store::UserRow& user);

struct RevocationReport {
  std::int64_t revoked = 0;  // live tokens of ours that it ended
  std::optional<std::string> jti, user, kid;
  std::optional<base::Timestamp> issued_from, issued_until;
  std::vector<std::string> notices;
};

// A token that one of our keys signed, also one that this store never saw. Error unverified for any other.
RevocationReport revoke_token(Realm& realm, const Cause& cause, std::string_view token);
// The same within a change, for one whose signature was found right and that has a jti.
struct TokenSubject;  // core/service/token_check.h
RevocationReport revoke_token(Change& change, const TokenSubject& subject);
// Error not_found where no such token was issued here.
RevocationReport revoke_jti(Realm& realm, const Cause& cause, const std::string& jti);
// Everything issued to the user until now.
RevocationReport revoke_user_tokens(Realm& realm, const Cause& cause, const std::string& user);
// Everything the key signed between the two moments, both included; without them, until now.
RevocationReport revoke_key_tokens(Realm& realm, const Cause& cause, const std::string& kid,
                                   std::optional<base::Timestamp> from, std::optional<base::Timestamp> until);

}  // namespace authctl::service
