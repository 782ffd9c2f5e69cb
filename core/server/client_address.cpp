#include "core/server/client_address.h"

#include <algorithm>
#include <vector>

#include "core/base/ip_address.h"

namespace authctl::server {
namespace {

constexpr std::size_t most_hops = 32;  // a longer chain is nobody's proxies

std::string_view without_blanks(std::string_view text) {
  const auto first = text.find_first_not_of(" \t");
  if (first == text.npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

// Some proxies write the port too: "198.51.100.7:4711", "[2001:db8::5]:4711".
std::string_view without_port(std::string_view entry) {
  if (entry.starts_with('[')) {
    const auto end = entry.find(']');
    const bool clean = end != entry.npos && (end + 1 == entry.size() || entry[end + 1] == ':');
    return clean ? entry.substr(1, end - 1) : std::string_view();
  }
  const auto colon = entry.find(':');
  return colon == entry.rfind(':') ? entry.substr(0, colon) : entry;
}

}  // namespace

bool is_trusted(std::string_view peer, std::span<const base::IpNetwork> trusted) {
  return std::any_of(trusted.begin(), trusted.end(),
                     [&](const auto& network) { return network.contains(peer); });
}

std::string client_address(std::string_view peer, std::span<const std::string_view> forwarded,
                           std::span<const base::IpNetwork> trusted) {
  const auto self = base::normal_address(peer).value_or(std::string(peer));
  if (!is_trusted(peer, trusted)) return self;
  std::string found = self;
  std::size_t hops = 0;
  for (auto field = forwarded.rbegin(); field != forwarded.rend(); ++field) {
    std::string_view rest = *field;
    while (true) {
      const auto comma = rest.rfind(',');
      const auto entry = without_blanks(comma == rest.npos ? rest : rest.substr(comma + 1));
      const auto address = base::normal_address(without_port(entry));
      if (!address || ++hops > most_hops) return self;
      found = *address;
      if (!is_trusted(found, trusted)) return found;
      if (comma == rest.npos) break;
      rest = rest.substr(0, comma);
    }
  }
  return found;
}

}  // namespace authctl::server
