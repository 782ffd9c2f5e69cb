#include "core/credential/client_secret.h"

#include <algorithm>
#include <array>

namespace authctl::credential {
namespace {

constexpr std::string_view digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
constexpr std::size_t random_bytes = 32, random_digits = 43, check_digits = 6;

// CRC-32 as in gzip (RFC 1952 section 8), a bit at a time: the texts are short.
std::uint32_t crc32(std::string_view text) {
  std::uint32_t crc = 0xffffffff;
  for (const char c : text) {
    crc ^= static_cast<std::uint8_t>(c);
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ (0xedb88320U & (0U - (crc & 1U)));
  }
  return ~crc;
}

std::array<char, check_digits> checksum(std::string_view text) {
  std::array<char, check_digits> out{};
  std::uint32_t left = crc32(text);
  for (std::size_t i = check_digits; i-- > 0; left /= 62) out[i] = digits[left % 62];
  return out;
}

// The big-endian number in `bytes` in base 62, most significant digit first; `bytes` are used up.
void to_base62(std::span<std::uint8_t> bytes, std::span<std::uint8_t> out) {
  for (std::size_t i = out.size(); i-- > 0;) {
    unsigned rest = 0;
    for (auto& byte : bytes) {
      const unsigned value = rest * 256 + byte;
      byte = static_cast<std::uint8_t>(value / 62);
      rest = value % 62;
    }
    out[i] = static_cast<std::uint8_t>(digits[rest]);
  }
}

}  // namespace

base::Secret make_client_secret(base::Random& random) {
  auto bytes = base::Secret::zeroed(random_bytes);
  random.fill(bytes.writable());
  auto secret = base::Secret::zeroed(client_secret_size);
  const auto out = secret.writable();
  std::copy(client_secret_prefix.begin(), client_secret_prefix.end(), out.begin());
  to_base62(bytes.writable(), out.subspan(client_secret_prefix.size(), random_digits));
  const auto check = checksum(secret.reveal_text().substr(0, client_secret_size - check_digits));
  std::copy(check.begin(), check.end(), out.end() - check_digits);
  return secret;
}

bool is_client_secret(std::string_view text) {
  if (text.size() != client_secret_size || !text.starts_with(client_secret_prefix)) return false;
  const auto body = text.substr(client_secret_prefix.size());
  if (body.find_first_not_of(digits) != std::string_view::npos) return false;
  const auto check = checksum(text.substr(0, client_secret_size - check_digits));
  return std::ranges::equal(check, text.substr(client_secret_size - check_digits));
}

crypto::Digest client_secret_hash(std::string_view secret) { return crypto::sha256(base::bytes_of(secret)); }

}  // namespace authctl::credential
