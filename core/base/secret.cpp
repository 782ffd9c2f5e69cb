#include "core/base/secret.h"

#include <sodium.h>

namespace authctl::base {

void wipe(void* data, std::size_t size) noexcept {
  if (size != 0) sodium_memzero(data, size);
}

Secret Secret::zeroed(std::size_t size) {
  Secret secret;
  secret.bytes_.resize(size);
  return secret;
}

Secret Secret::consume(std::string&& text) {
  Secret secret{std::string_view{text}};
  wipe(text.data(), text.size());
  text.clear();
  return secret;
}

Secret& Secret::operator=(Secret&& other) noexcept {
  if (this != &other) {
    clear();
    bytes_ = std::move(other.bytes_);
    other.bytes_.clear();
  }
  return *this;
}

void Secret::clear() noexcept {
  wipe(bytes_.data(), bytes_.size());
  bytes_.clear();
}

bool equal_constant_time(std::span<const std::uint8_t> a, std::span<const std::uint8_t> b) {
  if (a.size() != b.size()) return false;
  if (a.empty()) return true;
  // A MAC of SHA-256, which is most of what is compared: in words rather than byte after byte.
  if (a.size() == crypto_verify_32_BYTES) return crypto_verify_32(a.data(), b.data()) == 0;
  return sodium_memcmp(a.data(), b.data(), a.size()) == 0;  // the only thing a caller may branch on
}

}  // namespace authctl::base
