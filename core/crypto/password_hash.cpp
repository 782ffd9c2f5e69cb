#include "core/crypto/password_hash.h"

#include <algorithm>
#include <charconv>

#include "core/base/error.h"

namespace authctl::crypto {

void refuse_hash(std::string why) { throw base::Error{base::ErrorCode::invalid, std::move(why)}; }

std::optional<std::uint64_t> parse_hash_number(std::string_view digits) {
  if (digits.empty() || digits.front() < '0' || digits.front() > '9') return std::nullopt;
  if (digits.size() > 1 && digits.front() == '0') return std::nullopt;
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (error != std::errc{} || end != digits.data() + digits.size()) return std::nullopt;
  return value;
}

base::Bytes parse_hash_bytes(std::optional<base::Bytes> bytes, std::size_t least, std::size_t most) {
  if (!bytes)
    refuse_hash("the password hash is malformed: its salt or tag is not encoded as its scheme has it");
  if (bytes->size() < least || bytes->size() > most)
    refuse_hash("the password hash has a salt or tag of " + std::to_string(bytes->size()) + " bytes; " +
                std::to_string(least) + " to " + std::to_string(most) + " are taken");
  return std::move(*bytes);
}

std::optional<base::Bytes> decode_unpadded_base64(std::string_view text) {
  if (text.find('=') != std::string_view::npos) return std::nullopt;
  std::string padded(text);
  padded.append((4 - padded.size() % 4) % 4, '=');
  return base::decode_base64(padded);
}

std::optional<base::Bytes> decode_adapted_base64(std::string_view text) {
  if (text.find('+') != std::string_view::npos) return std::nullopt;
  std::string plus(text);
  std::replace(plus.begin(), plus.end(), '.', '+');
  return decode_unpadded_base64(plus);
}

std::string encode_unpadded_base64(base::ByteView bytes) {
  auto text = base::encode_base64(bytes);
  text.erase(text.find_last_not_of('=') + 1);
  return text;
}

}  // namespace authctl::crypto
