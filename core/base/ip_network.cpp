#include "core/base/ip_network.h"

#include <arpa/inet.h>

#include <charconv>
#include <cstring>

#include "core/base/ip_address.h"

namespace authctl::base {
namespace {

constexpr int v4_bits = 32, v6_bits = 128;
constexpr std::size_t mapped_size = 12;  // ::ffff: before an IPv4 address

}  // namespace

std::optional<IpNetwork::Bytes> IpNetwork::bytes_of(std::string_view address) {
  const auto normal = normal_address(address);
  if (!normal) return std::nullopt;
  Bytes bytes{};
  if (normal->find(':') != normal->npos) {
    inet_pton(AF_INET6, normal->c_str(), bytes.data());
    return bytes;
  }
  bytes[mapped_size - 1] = bytes[mapped_size - 2] = 0xff;
  inet_pton(AF_INET, normal->c_str(), bytes.data() + mapped_size);
  return bytes;
}

std::optional<IpNetwork> IpNetwork::parse(std::string_view text) {
  const auto slash = text.find('/');
  const auto address = bytes_of(text.substr(0, slash));
  if (!address) return std::nullopt;
  IpNetwork network;
  network.address_ = *address;
  if (slash == text.npos) return network;
  const auto digits = text.substr(slash + 1);
  const int most = text.substr(0, slash).find(':') == text.npos ? v4_bits : v6_bits;
  int bits = -1;
  const auto [end, problem] = std::from_chars(digits.data(), digits.data() + digits.size(), bits);
  if (problem != std::errc() || end != digits.data() + digits.size() || digits.size() > 3)
    return std::nullopt;
  if (bits < 0 || bits > most) return std::nullopt;
  network.bits_ = bits + (v6_bits - most);
  return network;
}

bool IpNetwork::contains(std::string_view text) const {
  const auto address = bytes_of(text);
  if (!address) return false;
  const auto whole = static_cast<std::size_t>(bits_ / 8);
  if (std::memcmp(address_.data(), address->data(), whole) != 0) return false;
  const int rest = bits_ % 8;
  if (rest == 0) return true;
  const auto mask = static_cast<std::uint8_t>(0xff << (8 - rest));
  return ((address_[whole] ^ (*address)[whole]) & mask) == 0;
}

}  // namespace authctl::base
