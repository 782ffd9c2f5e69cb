#include "core/base/ip_address.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>

namespace authctl::base {
namespace {

constexpr std::size_t longest = 45;  // of an IPv6 address with an IPv4 tail
constexpr std::string_view network_suffix = "/64";

template <class Address>
std::optional<Address> parsed(int family, std::string_view text) {
  Address address{};
  if (text.size() > longest || ::inet_pton(family, std::string(text).c_str(), &address) != 1)
    return std::nullopt;
  return address;
}

template <class Address>
std::string printed(int family, const Address& address) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  ::inet_ntop(family, &address, text.data(), text.size());
  return text.data();
}

// The IPv4 address of ::ffff:a.b.c.d (RFC 4291 section 2.5.5.2).
std::optional<in_addr> unmapped(const in6_addr& address) {
  if (!IN6_IS_ADDR_V4MAPPED(&address)) return std::nullopt;
  in_addr inner{};
  std::copy_n(address.s6_addr + 12, 4, reinterpret_cast<std::uint8_t*>(&inner.s_addr));
  return inner;
}

}  // namespace

std::optional<std::string> normal_address(std::string_view text) {
  if (text.find('\0') != std::string_view::npos) return std::nullopt;
  if (const auto v4 = parsed<in_addr>(AF_INET, text)) return printed(AF_INET, *v4);
  const auto v6 = parsed<in6_addr>(AF_INET6, text);
  if (!v6) return std::nullopt;
  const auto v4 = unmapped(*v6);
  return v4 ? printed(AF_INET, *v4) : printed(AF_INET6, *v6);
}

std::optional<std::string> network_of(std::string_view address) {
  if (address.find(':') != std::string_view::npos && address.ends_with(network_suffix))
    address.remove_suffix(network_suffix.size());
  auto normal = normal_address(address);
  if (!normal || normal->find(':') == std::string::npos) return normal;
  auto network = parsed<in6_addr>(AF_INET6, *normal).value();
  std::fill_n(network.s6_addr + 8, 8, std::uint8_t{0});
  return printed(AF_INET6, network) + std::string(network_suffix);
}

}  // namespace authctl::base
