// Addresses of the network in their one spelling. Invariant: an IPv4 address that comes mapped into IPv6 is
// that IPv4 address; a zone is refused. Whoever holds an IPv6 address holds its whole /64 (RFC 6177 section
// 2), so that is what is counted.
#pragma once
#include <optional>
#include <string>
#include <string_view>

namespace authctl::base {

// "203.0.113.7", "2001:db8::1" (RFC 5952); nothing where it is no address.
std::optional<std::string> normal_address(std::string_view text);
// What a counter hangs on: "203.0.113.7", "2001:db8:1:2::/64". It takes its own result too.
std::optional<std::string> network_of(std::string_view address);

}  // namespace authctl::base
