// A fast hash under a key that nobody outside this process knows (SipHash-2-4 with 128 bits, libsodium): for
// tables that are indexed by what strangers send. Invariant: without the key nobody finds two texts with the
// same hash; it is no hash to be stored or sent.
#pragma once
#include <array>
#include <cstdint>
#include <string_view>

#include "core/base/random.h"

namespace authctl::crypto {

class KeyedHash {
 public:
  using Digest = std::array<std::uint8_t, 16>;
  explicit KeyedHash(base::Random& random) { random.fill(key_); }
  Digest operator()(std::string_view text) const;

 private:
  std::array<std::uint8_t, 16> key_{};
};

}  // namespace authctl::crypto
