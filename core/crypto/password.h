// Passwords as hashes: new ones by Argon2id (RFC 9106), and those that came from elsewhere verified in the
// spelling they came in: PHC strings, modular-crypt, werkzeug, Django, passlib, crypt(3). Invariant: a hash
// is read strictly and held against the ceilings below before any work is done for it; no password is ever
// cut, so one that a scheme would truncate (bcrypt past 72 bytes, crypt(3) at a NUL) does not match.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "core/base/json.h"
#include "core/base/random.h"
#include "core/base/secret.h"

namespace authctl::crypto {

inline constexpr std::size_t longest_password = 1024;  // bytes

enum class PasswordScheme {
  argon2id,
  argon2i,
  argon2d,
  bcrypt,
  bcrypt_sha256,
  scrypt,
  pbkdf2_sha1,
  pbkdf2_sha256,
  pbkdf2_sha512,
  sha512crypt,
  yescrypt
};
std::string_view word_of(PasswordScheme scheme);  // "argon2id", "pbkdf2-sha256", …
// Error invalid for a word that is none.
PasswordScheme password_scheme_from(std::string_view word);

// RFC 9106 section 3.1: memory in KiB, passes, lanes.
struct Argon2Cost {
  std::uint32_t memory_kib = 64 * 1024;
  std::uint32_t passes = 3;
  std::uint32_t lanes = 1;
  bool operator==(const Argon2Cost&) const = default;
};

// No hash above these is worked on (a hash is outside text: a line of an import may ask for terabytes).
struct PasswordCeilings {
  static constexpr std::uint64_t argon2_memory_kib = 1024 * 1024, argon2_passes = 16, argon2_lanes = 16;
  static constexpr std::uint64_t bcrypt_cost = 16;
  static constexpr std::uint64_t scrypt_n_times_r = std::uint64_t{1} << 21, scrypt_p = 16;
  static constexpr std::uint64_t pbkdf2_iterations = 5'000'000;
  static constexpr std::uint64_t sha512crypt_rounds = 5'000'000;
};

// A PHC string `$argon2id$v=19$m=…,t=…,p=1$salt$tag`, 16 bytes of salt, 32 of tag. Error invalid for an empty
// or too long password and for a cost that libsodium does not do (lanes other than 1) or that is above the
// ceilings.
std::string hash_password(const base::Secret& password, const Argon2Cost& cost, base::Random& random);
// The same by the scheme's name, at its default cost: argon2id, bcrypt (12), scrypt (2^17, 8, 1),
// pbkdf2-sha256 (600,000). Error invalid for any other, and for bcrypt where the password has more than 72
// bytes or a NUL.
std::string hash_password(const base::Secret& password, std::string_view scheme, base::Random& random);

// Reads as a hash of hash_password() at this cost, and costs what one costs to verify; no password is known
// that it is of. Stands in where there is no hash, so that nobody can tell by the time.
std::string unmatched_password_hash(const Argon2Cost& cost, base::Random& random);

struct PasswordHashInfo {
  PasswordScheme scheme;
  base::json::object parameters;  // {"m": 65536, "t": 3, "p": 1}, {"cost": 12}, {"iterations": 600000}
};
// What a hash is. Error invalid for one that is not known, malformed or above a ceiling.
PasswordHashInfo identify_password_hash(std::string_view hash);

// Whether the password is the one that was hashed: its bytes as they are, then (where they differ) in
// Normalization Form C. Never for an empty password. Error invalid as identify_password_hash; io where a
// library is missing, internal where there is no memory for it.
bool verify_password(std::string_view hash, const base::Secret& password);

// True where the hash is not Argon2id of today's version at this cost.
bool password_needs_rehash(std::string_view hash, const Argon2Cost& cost);

}  // namespace authctl::crypto
