#include "core/crypto/passphrase.h"

#include <sodium.h>

#include "core/base/error.h"

namespace authctl::crypto {

base::Secret derive_from_passphrase(const base::Secret& passphrase, base::ByteView salt,
                                    const Argon2Cost& cost) {
  using base::Error;
  using base::ErrorCode;
  static_assert(passphrase_salt_size == crypto_pwhash_SALTBYTES);
  if (passphrase.empty())
    throw Error(ErrorCode::invalid, "the passphrase is empty", "type or name one that is not");
  constexpr std::uint32_t least_memory_kib = 19 * 1024;  // OWASP
  if (salt.size() != passphrase_salt_size || cost.lanes != 1 || cost.passes < 1 ||
      cost.passes > PasswordCeilings::argon2_passes || cost.memory_kib < least_memory_kib ||
      cost.memory_kib > PasswordCeilings::argon2_memory_kib)
    throw Error(ErrorCode::unverified, "the cost of the passphrase is none that is ever written",
                "its header was altered: another copy of the backup");
  auto key = base::Secret::zeroed(32);
  const auto text = passphrase.reveal_text();
  if (crypto_pwhash(key.writable().data(), key.size(), text.data(), text.size(), salt.data(), cost.passes,
                    std::size_t{cost.memory_kib} * 1024, crypto_pwhash_ALG_ARGON2ID13) != 0)
    throw Error(ErrorCode::internal,
                "there is no memory for Argon2 with " + std::to_string(cost.memory_kib / 1024) + " MiB");
  return key;
}

}  // namespace authctl::crypto
