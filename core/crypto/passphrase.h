// A sealing key out of what a person remembers: Argon2id (RFC 9106), with its cost written beside the salt.
// Invariant: the cost is within the ceilings of password.h, whoever wrote it down, and at least OWASP's
// least.
#pragma once
#include "core/base/encoding.h"
#include "core/base/secret.h"
#include "core/crypto/password.h"

namespace authctl::crypto {

inline constexpr std::size_t passphrase_salt_size = 16;
// RFC 9106 section 4 names 64 MiB and three passes where memory is short; a file can be attacked for years.
inline constexpr Argon2Cost passphrase_cost{.memory_kib = 256 * 1024, .passes = 3, .lanes = 1};

// 32 bytes. Error invalid for an empty passphrase, unverified for a salt or a cost that we never write.
base::Secret derive_from_passphrase(const base::Secret& passphrase, base::ByteView salt,
                                    const Argon2Cost& cost);

}  // namespace authctl::crypto
