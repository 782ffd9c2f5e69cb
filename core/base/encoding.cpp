#include "core/base/encoding.h"

#include <algorithm>
#include <array>
#include <stdexcept>

#include "core/base/base64_simd.h"

namespace authctl::base {
namespace {
using DecodeTable = std::array<std::int8_t, 256>;

constexpr std::string_view base64_alphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::string_view base64url_alphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
constexpr std::string_view base32_alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

constexpr DecodeTable table_of(std::string_view alphabet, bool either_case = false) {
  DecodeTable table{};
  for (auto& entry : table) entry = -1;
  for (std::size_t i = 0; i < alphabet.size(); ++i) {
    const auto c = static_cast<unsigned char>(alphabet[i]);
    table[c] = static_cast<std::int8_t>(i);
    if (either_case && c >= 'A' && c <= 'Z') table[c + 32u] = static_cast<std::int8_t>(i);
  }
  return table;
}

constexpr DecodeTable from_base64 = table_of(base64_alphabet);
constexpr DecodeTable from_base64url = table_of(base64url_alphabet);
constexpr DecodeTable from_base32 = table_of(base32_alphabet, true);

char* encode_64(ByteView bytes, std::string_view alphabet, bool padded, char* out) {
  std::size_t i = 0;
  for (; i + 3 <= bytes.size(); i += 3, out += 4) {
    const unsigned v = static_cast<unsigned>(bytes[i] << 16 | bytes[i + 1] << 8 | bytes[i + 2]);
    out[0] = alphabet[v >> 18];
    out[1] = alphabet[(v >> 12) & 63];
    out[2] = alphabet[(v >> 6) & 63];
    out[3] = alphabet[v & 63];
  }
  const std::size_t rest = bytes.size() - i;
  if (rest == 0) return out;
  const unsigned v = static_cast<unsigned>(bytes[i] << 16 | (rest == 2 ? bytes[i + 1] << 8 : 0));
  *out++ = alphabet[v >> 18];
  *out++ = alphabet[(v >> 12) & 63];
  if (rest == 2) *out++ = alphabet[(v >> 6) & 63];
  if (padded) out = std::fill_n(out, 3 - rest, '=');
  return out;
}

std::size_t decoded_size(std::size_t characters) { return characters / 4 * 3 + characters % 4 * 3 / 4; }

std::optional<std::size_t> decode_64(std::string_view text, const DecodeTable& table,
                                     std::span<std::uint8_t> out) {
  if (text.size() % 4 == 1 || out.size() < decoded_size(text.size())) return std::nullopt;
  std::size_t n = 0;
  std::size_t i = 0;
  auto digit = [&](std::size_t at) { return static_cast<int>(table[static_cast<unsigned char>(text[at])]); };
  for (; i + 4 <= text.size(); i += 4) {
    const int a = digit(i), b = digit(i + 1), c = digit(i + 2), d = digit(i + 3);
    if ((a | b | c | d) < 0) return std::nullopt;
    const int v = a << 18 | b << 12 | c << 6 | d;
    out[n++] = static_cast<std::uint8_t>(v >> 16);
    out[n++] = static_cast<std::uint8_t>(v >> 8);
    out[n++] = static_cast<std::uint8_t>(v);
  }
  const std::size_t rest = text.size() - i;
  if (rest == 0) return n;
  const int a = digit(i), b = digit(i + 1), c = rest == 3 ? digit(i + 2) : 0;
  if ((a | b | c) < 0) return std::nullopt;
  const int v = a << 18 | b << 12 | c << 6;
  out[n++] = static_cast<std::uint8_t>(v >> 16);
  if (rest == 3) out[n++] = static_cast<std::uint8_t>(v >> 8);
  if ((v & (rest == 3 ? 0xff : 0xffff)) != 0) return std::nullopt;  // bits past the end: a second spelling
  return n;
}

std::optional<Bytes> decode_64(std::string_view text, const DecodeTable& table) {
  Bytes bytes(decoded_size(text.size()));
  const auto count = decode_64(text, table, bytes);
  if (!count) return std::nullopt;
  bytes.resize(*count);
  return bytes;
}

// The text without its padding, where that is as long as it must be.
std::optional<std::string_view> without_padding(std::string_view text) {
  if (text.size() % 4 != 0) return std::nullopt;
  if (text.ends_with("=="))
    text.remove_suffix(2);
  else if (text.ends_with('='))
    text.remove_suffix(1);
  return text;
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}
}  // namespace

std::size_t encode_base64url(ByteView bytes, Padding padding, std::span<char> out) {
  const std::size_t size = base64url_size(bytes.size(), padding);
  if (out.size() < size) throw std::length_error("no room for base64url");
  const std::size_t taken = encode_base64url_groups(bytes, out.data());
  encode_64(bytes.subspan(taken), base64url_alphabet, padding == Padding::present,
            out.data() + taken / 3 * 4);
  return size;
}

std::size_t base64url_size(std::size_t bytes, Padding padding) {
  const std::size_t rest = bytes % 3;
  return bytes / 3 * 4 + (rest == 0 ? 0 : padding == Padding::present ? 4 : rest + 1);
}

std::string encode_base64url(ByteView bytes, Padding padding) {
  std::string text(base64url_size(bytes.size(), padding), '\0');
  encode_base64url(bytes, padding, text);
  return text;
}

std::string encode_base64url(ByteView bytes) { return encode_base64url(bytes, Padding::absent); }

std::string encode_base64(ByteView bytes) {
  std::string text(base64url_size(bytes.size(), Padding::present), '\0');
  encode_64(bytes, base64_alphabet, true, text.data());
  return text;
}

std::optional<std::size_t> decode_base64url(std::string_view text, std::span<std::uint8_t> out) {
  if (out.size() < decoded_size(text.size())) return std::nullopt;
  const std::size_t taken = decode_base64url_groups(text, out.data());
  const auto rest = decode_64(text.substr(taken), from_base64url, out.subspan(taken / 4 * 3));
  return rest ? std::optional(taken / 4 * 3 + *rest) : std::nullopt;
}

std::optional<std::size_t> decode_base64url(std::string_view text, Padding padding,
                                            std::span<std::uint8_t> out) {
  if (padding == Padding::absent) return decode_base64url(text, out);
  const auto digits = without_padding(text);
  return digits ? decode_base64url(*digits, out) : std::nullopt;
}

std::optional<Bytes> decode_base64url(std::string_view text, Padding padding) {
  Bytes bytes(decoded_size(text.size()));
  const auto count = decode_base64url(text, padding, bytes);
  if (!count) return std::nullopt;
  bytes.resize(*count);
  return bytes;
}

std::optional<Bytes> decode_base64url(std::string_view text) {
  return decode_base64url(text, Padding::absent);
}

std::optional<Bytes> decode_base64(std::string_view text) {
  const auto digits = without_padding(text);
  return digits ? decode_64(*digits, from_base64) : std::nullopt;
}

std::string encode_hex(ByteView bytes) {
  constexpr char digits[] = "0123456789abcdef";
  std::string text;
  text.reserve(bytes.size() * 2);
  for (const std::uint8_t byte : bytes) {
    text += digits[byte >> 4];
    text += digits[byte & 15];
  }
  return text;
}

std::optional<Bytes> decode_hex(std::string_view text) {
  if (text.size() % 2 != 0) return std::nullopt;
  Bytes bytes;
  bytes.reserve(text.size() / 2);
  for (std::size_t i = 0; i < text.size(); i += 2) {
    const int high = hex_digit(text[i]), low = hex_digit(text[i + 1]);
    if ((high | low) < 0) return std::nullopt;
    bytes.push_back(static_cast<std::uint8_t>(high << 4 | low));
  }
  return bytes;
}

std::string encode_base32(ByteView bytes) {
  std::string text;
  unsigned buffer = 0;
  unsigned bits = 0;
  for (const std::uint8_t byte : bytes) {
    buffer = (buffer << 8 | byte) & 0xffff;
    bits += 8;
    for (; bits >= 5; bits -= 5) text += base32_alphabet[(buffer >> (bits - 5)) & 31];
  }
  if (bits > 0) text += base32_alphabet[(buffer << (5 - bits)) & 31];
  return text;
}

std::optional<Bytes> decode_base32(std::string_view text) {
  const std::size_t digits = text.find('=') == std::string_view::npos ? text.size() : text.find('=');
  if (digits != text.size()) {
    if (text.size() % 8 != 0 || text.size() - digits >= 8) return std::nullopt;
    if (text.find_first_not_of('=', digits) != std::string_view::npos) return std::nullopt;
  }
  const std::size_t tail = digits % 8;
  if (tail == 1 || tail == 3 || tail == 6) return std::nullopt;
  Bytes bytes;
  unsigned buffer = 0;
  unsigned bits = 0;
  for (const char c : text.substr(0, digits)) {
    const int value = from_base32[static_cast<unsigned char>(c)];
    if (value < 0) return std::nullopt;
    buffer = (buffer << 5 | static_cast<unsigned>(value)) & 0xffff;
    bits += 5;
    if (bits >= 8) {
      bits -= 8;
      bytes.push_back(static_cast<std::uint8_t>(buffer >> bits));
    }
  }
  if ((buffer & ((1u << bits) - 1)) != 0) return std::nullopt;  // bits past the end: a second spelling
  return bytes;
}

}  // namespace authctl::base
