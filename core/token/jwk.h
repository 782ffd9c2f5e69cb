// JSON Web Keys and sets of them (RFC 7517, RFC 7518 section 6, RFC 8037), read strictly and written.
// Invariant: a Jwk that exists has one algorithm, fits it, and passed crypto::check_key(). What is published
// has public members only and never a symmetric key.
//
// Decisions where the standards leave a choice:
// - `alg` absent: the only algorithm of the key type (RSA means RS256); `alg` of another kind or key type:
// refused.
// - `use` other than "sig", or `key_ops` without "sign" and "verify", forbid signatures: refused.
// - RSA e = 3 is refused, as is any e that is even or below 65537 (FIPS 186-5); multi-prime keys too.
// - A secret whose bytes are all the same is refused; a set that mixes symmetric and asymmetric keys is
// taken, since
//   each key is bound to its one algorithm.
// - In a set a member of unknown `kty` is skipped (RFC 7517 section 5). Whoever imports or inspects a set is
// told of
//   every other member that is not usable; whoever only verifies with it goes on without such members.
// - x5u, x5c, x5t and unknown members are ignored, never fetched.
#pragma once
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/json.h"
#include "core/crypto/keypair.h"

namespace authctl::token {

inline constexpr std::size_t max_set_keys = 1000;
inline constexpr std::size_t max_kid_bytes = 256;

struct Jwk {
  std::string kid;  // empty where it has none
  crypto::KeyMaterial material;

  crypto::Algorithm algorithm() const { return material.algorithm; }
  std::string_view alg() const { return crypto::name_of(material.algorithm); }
  std::string_view kty() const { return crypto::key_type_of(material.algorithm); }
  int bits() const { return material.bits(); }
  bool is_private() const { return material.is_private(); }
  std::string thumbprint() const;  // RFC 7638 with SHA-256, base64url
  Jwk clone() const { return {kid, material.clone()}; }
};

// A key made here: its kid is its thumbprint.
Jwk generate_jwk(crypto::Algorithm algorithm, int bits, base::Random& random);

// Error invalid: no strict JSON, a missing or broken member, a weak key. An algorithm, key type or curve that
// is not one of ours says `unsupported_algorithm`.
Jwk parse_jwk(std::string_view text);
enum class BrokenKeys { refuse, skip };
// {"keys":[…]}. A kid that stands twice is refused. An empty set is a set.
std::vector<Jwk> parse_jwks(std::string_view text, BrokenKeys broken = BrokenKeys::refuse);
// A JWK, a JWKS or PEM, told apart by how it begins; one line end behind it is allowed. Broken keys are
// refused.
std::vector<Jwk> parse_keys(std::string_view text, const base::Secret* passphrase = nullptr);

base::json::object public_jwk(
    const Jwk& key);  // kty, parts, kid, alg, use; Error invalid for a symmetric key
base::Secret format_private_jwk(const Jwk& key);  // one line of JSON with the private members
base::Secret format_private_jwks(std::span<const Jwk* const> keys);
// {"keys":[…]} with the public half of each; symmetric keys are left out.
base::json::object public_jwks(std::span<const Jwk* const> keys);
// What `key inspect` shows: kty alg bits private thumbprint kid.
base::json::object describe_jwk(const Jwk& key);

}  // namespace authctl::token
