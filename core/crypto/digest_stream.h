// SHA-256 (FIPS 180-4) of what comes piece by piece: files that are too long to be held. And SHA-512 of what
// other systems kept.
#pragma once
#include <memory>

#include "core/crypto/digest.h"

namespace authctl::crypto {

class DigestStream {
 public:
  DigestStream();
  ~DigestStream();
  DigestStream(DigestStream&&) noexcept;
  void add(base::ByteView bytes);
  // Ends it; nothing may be added afterwards.
  Digest finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

std::array<std::uint8_t, 64> sha512(base::ByteView bytes);

}  // namespace authctl::crypto
