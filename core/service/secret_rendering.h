// The private keys of a store in the form in which another secrets store takes them.
// Invariant: every value is one line of text, and comes out of its consumer exactly as it went in. What
// leaves is an audit entry `key.export` for each use.
#pragma once
#include <optional>
#include <string>

#include "core/service/keyring.h"

namespace authctl::service {

enum class SecretFormat { dotenv, k8s, vault, aws };
std::optional<SecretFormat> parse_secret_format(std::string_view word);

struct SecretRequest {
  SecretFormat format = SecretFormat::dotenv;
  std::optional<store::KeyUse> use;  // none: both
  std::string name = "authctl";      // of the secret in its new home
};

// AUTHCTL_JWT_JWKS (a JWKS with private members) and AUTHCTL_FERNET_KEYS (apart by commas, the first
// encrypts). Error invalid for a name that a consumer would not take, not_found where there is no key.
base::Secret render_secrets(Realm& realm, const Cause& cause, const SecretRequest& request);

}  // namespace authctl::service
