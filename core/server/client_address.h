// Whose request it is: the peer, or behind a proxy that is trusted, whom that proxy says. Invariant: a header
// that a stranger sends changes nothing (contract: only --behind-proxy makes X-Forwarded-For believed);
// X-Real-IP and Forwarded never do.
//
// X-Forwarded-For grows to the right: its last entry was written by the peer. It is read from there as long
// as the entries are trusted proxies; the first that is none is the client. An entry that cannot be read ends
// the search at the peer: what stands to its left came through who knows what.
#pragma once
#include <span>
#include <string>
#include <string_view>

#include "core/base/ip_network.h"

namespace authctl::server {

// `forwarded`: the values of every X-Forwarded-For field, in their order.
std::string client_address(std::string_view peer, std::span<const std::string_view> forwarded,
                           std::span<const base::IpNetwork> trusted);

bool is_trusted(std::string_view peer, std::span<const base::IpNetwork> trusted);

}  // namespace authctl::server
