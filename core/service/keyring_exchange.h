// Keys on their way out of the store and into it.
// Invariant: what leaves without `private_half` has public members only; a private half leaves only with an
// audit entry `key.export`, and comes in only through the checks of core/token/jwk.h.
//
// What an imported key may do: one with its private half is pending (it may be promoted); a public one is
// retiring without an end, since it verifies and can never sign. An imported key keeps its own kid; one
// without gets its thumbprint.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "core/service/keyring.h"

namespace authctl::service {

enum class KeyFormat { pem, jwk, jwks, fernet };
std::optional<KeyFormat> parse_key_format(std::string_view word);

struct ExportRequest {
  std::string kid;  // empty: every key that the format can hold and that is not revoked
  KeyFormat format = KeyFormat::jwks;
  bool private_half = false;
};

struct KeyExport {
  base::Secret text;  // ends in one LF
  std::vector<std::string> kids;
};

// Error not_found; invalid where the format cannot hold the key (a symmetric key has no public half).
KeyExport export_keys(Realm& realm, const Cause& cause, const ExportRequest& request);

// PEM, JWK or JWKS, or for Fernet a key a line. Error invalid for what is weak, conflict for a kid that is
// there, and for a key that is there under another kid.
std::vector<KeyAndTokens> import_keys(Realm& realm, const Cause& cause, const base::Secret& text,
                                      store::KeyUse use);

}  // namespace authctl::service
