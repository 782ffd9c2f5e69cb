// A block of addresses, as an operator names the proxies that are trusted. Invariant: an IPv4 block and the
// same block mapped into IPv6 contain the same addresses.
#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace authctl::base {

class IpNetwork {
 public:
  // "10.0.0.0/8", "2001:db8::/32" (RFC 4632, RFC 4291 section 2.3), or an address alone. Bits beyond the
  // prefix are not looked at.
  static std::optional<IpNetwork> parse(std::string_view text);
  bool contains(std::string_view address) const;  // false for what is no address

 private:
  using Bytes = std::array<std::uint8_t, 16>;
  static std::optional<Bytes> bytes_of(std::string_view address);

  Bytes address_{};  // IPv4 as ::ffff:a.b.c.d
  int bits_ = 128;   // of 128, for IPv4 too
};

}  // namespace authctl::base
