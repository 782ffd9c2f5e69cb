// Keys made, checked, read and written: PKCS#8 (RFC 5958), SubjectPublicKeyInfo (RFC 5280), SEC 1 (RFC 5915),
// PKCS#1 (RFC 8017) in PEM (RFC 7468). Invariant: material that leaves this file has passed check_key(): a
// length, curve, exponent or point that is weak or wrong, or a private half that is not of its public half,
// never becomes a key.
#pragma once
#include <string>
#include <string_view>

#include "core/base/random.h"
#include "core/crypto/signature.h"

namespace authctl::crypto {

inline constexpr int min_rsa_bits = 2048, max_rsa_bits = 8192;
inline constexpr std::size_t min_hmac_bytes = 32, max_hmac_bytes = 1024;

// `bits`: 0 for the usual (RS256 2048, HS256 256); RS256 2048 to 8192 in steps of 8, HS256 256 to 8192 in
// steps of 8, others 256 only. Error invalid for another. RSA takes its randomness from OpenSSL, the rest
// from `random`.
KeyMaterial generate_key(Algorithm algorithm, int bits, base::Random& random);
// How many bits such a key has; the same Error.
int check_bits(Algorithm algorithm, int bits);

// Error invalid, with what is wrong, where the key must not be used (RFC 8725 sections 3.4 and 3.5, RFC
// 7518 3.2, 3.3).
void check_key(const KeyMaterial& key);

// Works out the public half of a private key that came without it. Error invalid where the private half is no
// key.
void complete_ec(KeyMaterial& key);
void complete_ed25519(KeyMaterial& key);

// One PEM block and nothing beside it. PKCS#8, SEC 1 or PKCS#1 private; SPKI or PKCS#1 public. An encrypted
// PKCS#8 block opens with `passphrase`; without one it is an Error invalid: nothing is ever asked for.
KeyMaterial parse_pem(std::string_view pem, const base::Secret* passphrase = nullptr);
std::string format_public_pem(const KeyMaterial& key);  // SPKI; Error invalid for a symmetric key
base::Secret format_private_pem(
    const KeyMaterial& key);  // PKCS#8, unencrypted; Error invalid where there is none

}  // namespace authctl::crypto
