#include "core/base/random.h"

#include <sodium.h>

#include <array>
#include <cstdlib>

namespace authctl::base {
namespace {
std::string format_uuid(const std::array<std::uint8_t, 16>& bytes) {
  constexpr char hex[] = "0123456789abcdef";
  std::string text;
  text.reserve(36);
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) text += '-';
    text += hex[bytes[i] >> 4];
    text += hex[bytes[i] & 15];
  }
  return text;
}

void stamp(std::array<std::uint8_t, 16>& bytes, std::uint8_t version) {
  bytes[6] = static_cast<std::uint8_t>((bytes[6] & 0x0f) | (version << 4));
  bytes[8] = static_cast<std::uint8_t>((bytes[8] & 0x3f) | 0x80);
}
}  // namespace

void SystemRandom::fill(std::span<std::uint8_t> out) {
  static const bool ready = sodium_init() >= 0;
  if (!ready) std::abort();  // no random source: nothing made from here on could be trusted
  randombytes_buf(out.data(), out.size());
}

std::string make_uuid4(Random& random) {
  std::array<std::uint8_t, 16> bytes{};
  random.fill(bytes);
  stamp(bytes, 4);
  return format_uuid(bytes);
}

std::string make_uuid7(Random& random, std::int64_t unix_millis) {
  std::array<std::uint8_t, 16> bytes{};
  random.fill(bytes);
  for (std::size_t i = 0; i < 6; ++i) bytes[i] = static_cast<std::uint8_t>(unix_millis >> (40 - 8 * i));
  stamp(bytes, 7);
  return format_uuid(bytes);
}

}  // namespace authctl::base
