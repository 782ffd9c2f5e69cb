// Signatures over bytes for the four algorithms that there are here: ES256, EdDSA (Ed25519), RS256, HS256
// (RFC 7518 section 3, RFC 8037 section 3.1). Signatures are in their JWS form: ES256 is R and S, 64 bytes.
// Invariant: one context belongs to one key for life. A context that is re-initialised with a second key goes
// on verifying with the first (OpenSSL 3.0), so there is no way to hand a Verifier another key. Threads: an
// object is used by one thread at a time; clone() makes one for another thread.
#pragma once
#include <array>
#include <memory>
#include <optional>
#include <string_view>

#include "core/base/encoding.h"
#include "core/base/secret.h"

namespace authctl::crypto {

enum class Algorithm { es256, eddsa, rs256, hs256 };
inline constexpr std::array all_algorithms{Algorithm::es256, Algorithm::eddsa, Algorithm::rs256,
                                           Algorithm::hs256};

std::string_view name_of(Algorithm algorithm);                    // "ES256", as in `alg`
std::optional<Algorithm> algorithm_named(std::string_view name);  // exact spelling only
std::string_view key_type_of(Algorithm algorithm);                // "EC" "OKP" "RSA" "oct", as in `kty`
inline bool is_symmetric(Algorithm algorithm) { return algorithm == Algorithm::hs256; }

// A key as the standards name its parts (RFC 7518 section 6, RFC 8037 section 2). Numbers are big-endian; n
// and e have no leading zero, x and y of a curve have 32 bytes. Parts that the key type does not have are
// empty.
struct KeyMaterial {
  Algorithm algorithm = Algorithm::es256;
  base::Bytes x, y;               // EC: both; OKP: x
  base::Bytes n, e;               // RSA
  base::Secret d;                 // EC: scalar; OKP: seed; RSA: exponent
  base::Secret p, q, dp, dq, qi;  // RSA
  base::Secret k;                 // oct

  bool is_private() const { return !d.empty() || !k.empty(); }  // a symmetric key is private
  int bits() const;                                             // 256, 256, the modulus, 8 a byte of k
  KeyMaterial clone() const;
  KeyMaterial public_part() const;  // Error invalid for a symmetric key: it has none
};

class Verifier {
 public:
  // The key must have passed check_key(). Error invalid where OpenSSL cannot take it.
  explicit Verifier(const KeyMaterial& key);
  Verifier(Verifier&&) noexcept;
  Verifier& operator=(Verifier&&) noexcept;
  ~Verifier();

  Algorithm algorithm() const { return algorithm_; }
  // Strict: a signature of any other length or encoding than the one right one is false, as is a wrong one.
  bool verify(std::string_view message, base::ByteView signature);
  Verifier clone() const;

  struct Context;

 private:
  explicit Verifier(Algorithm algorithm, std::unique_ptr<Context> context);
  Algorithm algorithm_;
  std::unique_ptr<Context> context_;
};

class Signer {
 public:
  // A private or symmetric key that passed check_key(); Error invalid for a public one.
  explicit Signer(const KeyMaterial& key);
  Signer(Signer&&) noexcept;
  Signer& operator=(Signer&&) noexcept;
  ~Signer();

  Algorithm algorithm() const { return algorithm_; }
  std::size_t signature_size() const { return signature_size_; }
  // Writes signature_size() bytes to `out`; gives that count.
  std::size_t sign(std::string_view message, std::span<std::uint8_t> out);
  base::Bytes sign(std::string_view message);
  Signer clone() const;

  struct Context;

 private:
  Signer(Algorithm algorithm, std::size_t signature_size, std::unique_ptr<Context> context);
  Algorithm algorithm_;
  std::size_t signature_size_ = 0;
  std::unique_ptr<Context> context_;
};

}  // namespace authctl::crypto
