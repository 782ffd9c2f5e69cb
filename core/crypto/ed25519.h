// Ed25519 (RFC 8032) for signed notes, by libsodium.
// Invariant: a signer holds one key for life; the seed never leaves it but through seed().
#pragma once
#include <array>
#include <cstdint>

#include "core/base/encoding.h"
#include "core/base/random.h"
#include "core/base/secret.h"

namespace authctl::crypto {

using Ed25519Public = std::array<std::uint8_t, 32>;
using Ed25519Signature = std::array<std::uint8_t, 64>;

class Ed25519Signer {
 public:
  static base::Secret make_seed(base::Random& random);  // 32 bytes
  // Error invalid where the seed is not 32 bytes long.
  explicit Ed25519Signer(base::Secret seed);
  const Ed25519Public& public_key() const { return public_; }
  const base::Secret& seed() const { return seed_; }
  Ed25519Signature sign(base::ByteView message) const;

 private:
  base::Secret seed_;
  base::Secret expanded_;
  Ed25519Public public_;
};

// Refuses what RFC 8032 section 5.1.7 refuses, and keys of small order.
bool verify_ed25519(const Ed25519Public& key, base::ByteView message, base::ByteView signature);

}  // namespace authctl::crypto
