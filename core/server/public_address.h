// Addresses in the settings that the world outside is told: the issuer (RFC 8414 section 2, RFC 9207) and the
// origins that browsers may call from. Invariant: the server starts, or takes other settings, only where each
// of them is one that can be compared byte for byte; `*` is none.
#pragma once
#include <span>
#include <string>
#include <string_view>

namespace authctl::server {

// https, or http on this machine for development; no query, no fragment. Error usage.
void refuse_bad_issuer(std::string_view issuer);
// Scheme, host, and port where it is not the usual, as browsers write it (RFC 6454 section 6.2). Error usage.
void refuse_bad_origins(std::span<const std::string> origins);

}  // namespace authctl::server
