// SHA-256 (FIPS 180-4) for trees and names: the low-level function, because it needs no provider to be
// started and costs 0.2 microseconds for a short record. Invariant: the parts are hashed as if they stood in
// one piece.
#pragma once
#include <array>
#include <cstdint>
#include <initializer_list>

#include "core/base/encoding.h"

namespace authctl::crypto {

using Digest = std::array<std::uint8_t, 32>;

Digest sha256(std::initializer_list<base::ByteView> parts);
inline Digest sha256(base::ByteView bytes) { return sha256({bytes}); }

// BLAKE2b with a key (RFC 7693), cut to 16 bytes: a MAC that is cheap enough to stand beside each row.
using ShortMac = std::array<std::uint8_t, 16>;
ShortMac short_mac(base::ByteView key, base::ByteView bytes);

}  // namespace authctl::crypto
