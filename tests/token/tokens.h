// What the token tests share: keys made once, and tokens made by hand, also such as our signer would not
// make.
#pragma once
#include <string>

#include "core/token/jwt.h"

namespace authctl::tests {

constexpr std::int64_t noon = 1767225600;  // 2026-01-01T00:00:00Z, the `now` of the vectors
inline base::Timestamp at_noon(std::int64_t offset = 0) { return base::from_unix_seconds(noon + offset); }

// The key of that algorithm, kid "key-ES256" and so on, made once a process.
const token::Jwk& signing_key(crypto::Algorithm algorithm);
// All four, active.
std::shared_ptr<const token::KeySet> all_keys();

// base64url(header) "." base64url(payload) "." base64url(signature by the key): whatever the two texts are.
std::string signed_token(const token::Jwk& key, const std::string& header, const std::string& payload);
std::string header_of(const token::Jwk& key, const std::string& more = "");
// A good access token's claims; members of `changes` replace or, where they are null, remove.
base::json::object good_claims(const base::json::object& changes = {});
std::string token_with(const token::Jwk& key, const base::json::object& changes = {});

token::Expectations good_expectations();
// The word of the reason, "valid" where there is none.
std::string reason_of(const std::string& token, const token::Expectations& expectations = good_expectations(),
                      base::Timestamp now = at_noon());

}  // namespace authctl::tests
