// The text of refresh tokens, challenges and reset tokens: random or derived, and what the store keeps of it.
// Invariant: 256 bits; the store sees the SHA-256 only, which is enough for a secret that nobody can guess.
#pragma once
#include <string_view>

#include "core/base/encoding.h"
#include "core/base/secret.h"
#include "core/service/realm.h"

namespace authctl::service {

inline constexpr std::size_t longest_one_time_secret = 128;  // of what is presented

// `prefix`, so that a leaked one is found by who looks for it, and 43 characters of base64url.
base::Secret make_one_time_secret(std::string_view prefix, base::Random& random);
// The one that follows a refresh token: HMAC-SHA256 (RFC 2104) under a key derived from the data key.
base::Secret succeed_refresh_token(const crypto::Sealer& sealer, std::string_view token);
// What the store knows it by. Nothing for a text that cannot be one.
std::optional<base::Bytes> hash_one_time_secret(std::string_view presented);

inline constexpr std::string_view refresh_prefix = "authctl_rt_";
inline constexpr std::string_view challenge_prefix = "authctl_mfa_";
inline constexpr std::string_view reset_prefix = "authctl_reset_";

}  // namespace authctl::service
