// Bytes to text and back, strictly: one accepted text for each byte string.
// RFC 4648: base64 (section 4), base64url without padding (section 5, RFC 7515 section 2), base32 (section
// 6), hex.
#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace authctl::base {

using Bytes = std::vector<std::uint8_t>;
using ByteView = std::span<const std::uint8_t>;

inline ByteView bytes_of(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}
inline std::string_view text_of(ByteView bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::string encode_base64url(ByteView bytes);                  // no padding
std::optional<Bytes> decode_base64url(std::string_view text);  // no padding, canonical, no blanks
// The same into a buffer of at least text.size() * 3 / 4 bytes; gives the count, or nothing where it is
// refused.
std::optional<std::size_t> decode_base64url(std::string_view text, std::span<std::uint8_t> out);

// Fernet's form: RFC 4648 section 5 with its padding. Where it is present it is exactly as long as it must
// be.
enum class Padding { absent, present };
std::size_t base64url_size(std::size_t bytes, Padding padding);
std::string encode_base64url(ByteView bytes, Padding padding);
std::optional<Bytes> decode_base64url(std::string_view text, Padding padding);
// Into a buffer of at least base64url_size(); gives the count.
std::size_t encode_base64url(ByteView bytes, Padding padding, std::span<char> out);
std::optional<std::size_t> decode_base64url(std::string_view text, Padding padding,
                                            std::span<std::uint8_t> out);

std::string encode_base64(ByteView bytes);                  // padded
std::optional<Bytes> decode_base64(std::string_view text);  // padded, canonical, no blanks

std::string encode_hex(ByteView bytes);  // lower case
std::optional<Bytes> decode_hex(std::string_view text);

std::string encode_base32(ByteView bytes);  // upper case, no padding
// Either case; padding, where there is any, must be right; canonical.
std::optional<Bytes> decode_base32(std::string_view text);

}  // namespace authctl::base
