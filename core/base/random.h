// Random bytes. Invariant: SystemRandom is the operating system's generator; when that fails the process
// ends.
#pragma once
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace authctl::base {

class Random {
 public:
  virtual ~Random() = default;
  virtual void fill(std::span<std::uint8_t> out) = 0;
};

class SystemRandom final : public Random {
 public:
  void fill(std::span<std::uint8_t> out) override;
};

// RFC 9562 section 5.4: 122 random bits.
std::string make_uuid4(Random& random);
// RFC 9562 section 5.7: 48 bits of unix milliseconds, then 74 random bits; sorts by the time it was made.
std::string make_uuid7(Random& random, std::int64_t unix_millis);

}  // namespace authctl::base
