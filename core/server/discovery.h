// What programs read before they talk to us: public keys (RFC 7517) and metadata (RFC 8414, OpenID Connect
// Discovery 1.0). Invariant: only what the route table answers is advertised, under the issuer of the
// settings; nothing that a request says (Host, X-Forwarded-Host) is in it.
#pragma once
#include <string>

#include "core/base/clock.h"
#include "core/token/jwt.h"

namespace authctl::server {

// {"keys":[…]}: every public key that verifies, or will.
std::string jwks_of(const token::KeySet& keys, base::Timestamp now);
std::string discovery_of(const std::string& issuer);

}  // namespace authctl::server
