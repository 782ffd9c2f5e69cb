// Secrets of clients: `authctl_cs_`, 43 characters of base 62 that carry 256 random bits, and 6 that carry
// the CRC-32 of all before them. The prefix lets scanners find a leaked one, the checksum lets them tell it
// from noise without asking anybody. Invariant: what parse() takes is one text for one secret. With 256
// random bits a plain SHA-256 is a safe thing to keep (SP 800-63B-4 section 3.1.1.2 is about secrets that can
// be guessed).
#pragma once
#include <string_view>

#include "core/base/random.h"
#include "core/base/secret.h"
#include "core/crypto/digest.h"

namespace authctl::credential {

inline constexpr std::string_view client_secret_prefix = "authctl_cs_";
inline constexpr std::size_t client_secret_size = client_secret_prefix.size() + 43 + 6;

base::Secret make_client_secret(base::Random& random);
// Prefix, length, alphabet and checksum are right: it may be one of somebody's secrets, else it never was.
bool is_client_secret(std::string_view text);
// What the store keeps, and finds it by.
crypto::Digest client_secret_hash(std::string_view secret);

}  // namespace authctl::credential
