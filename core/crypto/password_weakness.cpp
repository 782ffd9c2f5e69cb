#include "core/crypto/password_weakness.h"

#include "core/crypto/password_hash.h"

namespace authctl::crypto {
namespace {

constexpr std::uint64_t least_bcrypt_cost = 10;
constexpr std::uint64_t least_scrypt_work = std::uint64_t{1} << 20;    // N times r times p: 2^17, 8, 1
constexpr std::uint64_t least_yescrypt_work = std::uint64_t{1} << 17;  // crypt(5)'s own default: 2^12, 32
constexpr std::uint64_t least_sha1 = 1'300'000, least_sha256 = 600'000, least_sha512 = 210'000;

std::optional<std::string> below(std::string what, std::uint64_t value, std::uint64_t least) {
  if (value >= least) return std::nullopt;
  return std::move(what) + " of " + std::to_string(value) + ", below " + std::to_string(least);
}

// OWASP's pairs of memory and passes cost a guesser about the same.
std::optional<std::string> weakness_of_argon2(const Argon2Cost& cost) {
  constexpr Argon2Cost enough[] = {{47104, 1, 1}, {19456, 2, 1}, {12288, 3, 1}, {9216, 4, 1}, {7168, 5, 1}};
  for (const auto& pair : enough)
    if (cost.memory_kib >= pair.memory_kib && cost.passes >= pair.passes) return std::nullopt;
  return "Argon2 with " + std::to_string(cost.memory_kib) + " KiB and t = " + std::to_string(cost.passes) +
         ", below 19456 KiB and t = 2";
}

std::optional<std::string> weakness_of(const PasswordHash& hash) {
  switch (hash.scheme) {
    case PasswordScheme::argon2id:
    case PasswordScheme::argon2i:
    case PasswordScheme::argon2d:
      return weakness_of_argon2(hash.argon2);
    case PasswordScheme::bcrypt:
    case PasswordScheme::bcrypt_sha256:
      return below("a bcrypt cost", hash.rounds, least_bcrypt_cost);
    case PasswordScheme::scrypt:
      return below("a scrypt work N*r*p", hash.n * hash.r * hash.p, least_scrypt_work);
    case PasswordScheme::yescrypt:
      return below("a yescrypt work N*r", hash.n * hash.r, least_yescrypt_work);
    case PasswordScheme::pbkdf2_sha1:
      return below("a PBKDF2-SHA1 count", hash.rounds, least_sha1);
    case PasswordScheme::pbkdf2_sha256:
      return below("a PBKDF2-SHA256 count", hash.rounds, least_sha256);
    case PasswordScheme::pbkdf2_sha512:
      return below("a PBKDF2-SHA512 count", hash.rounds, least_sha512);
    case PasswordScheme::sha512crypt:
      return "sha512crypt: fast to guess at any cost";
  }
  return std::nullopt;
}

}  // namespace

// The pairs with less memory and more passes are left out: they cost a guesser with a GPU less.
bool is_safe_cost(const Argon2Cost& cost) {
  return (cost.memory_kib >= 19456 && cost.passes >= 2) || (cost.memory_kib >= 47104 && cost.passes >= 1);
}

PasswordHashJudgement judge_password_hash(std::string_view text) {
  const auto hash = parse_password_hash(text);
  return {hash.scheme, weakness_of(hash)};
}

}  // namespace authctl::crypto
