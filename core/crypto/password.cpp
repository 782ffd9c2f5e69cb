#include "core/crypto/password.h"

#include <algorithm>
#include <array>

#include "core/base/error.h"
#include "core/base/normal_form.h"
#include "core/base/text.h"
#include "core/crypto/password_hash.h"

namespace authctl::crypto {
namespace {

// OWASP's figures for what is not Argon2id, and 12 for bcrypt.
constexpr unsigned bcrypt_cost = 12, scrypt_log2_n = 17;
constexpr std::uint64_t pbkdf2_iterations = 600'000;

constexpr std::array<std::string_view, 11> scheme_words{
    "argon2id",    "argon2i",       "argon2d",       "bcrypt",      "bcrypt-sha256", "scrypt",
    "pbkdf2-sha1", "pbkdf2-sha256", "pbkdf2-sha512", "sha512crypt", "yescrypt"};

base::ByteView usable(const base::Secret& password) {
  if (password.empty())
    throw base::Error{base::ErrorCode::invalid, "an empty password is not hashed",
                      "authctl user password NAME --generate prints one"};
  if (password.size() > longest_password)
    throw base::Error{base::ErrorCode::invalid, "a password has at most 1024 bytes; none is ever cut",
                      "choose a shorter one"};
  return password.reveal();
}

bool matches(const PasswordHash& hash, base::ByteView password) {
  switch (hash.scheme) {
    case PasswordScheme::argon2id:
    case PasswordScheme::argon2i:
    case PasswordScheme::argon2d:
      return verify_argon2(hash, password);
    case PasswordScheme::bcrypt:
    case PasswordScheme::bcrypt_sha256:
    case PasswordScheme::sha512crypt:
    case PasswordScheme::yescrypt:
      return verify_crypt(hash, password);
    case PasswordScheme::scrypt:
    case PasswordScheme::pbkdf2_sha1:
    case PasswordScheme::pbkdf2_sha256:
    case PasswordScheme::pbkdf2_sha512:
      return verify_derived(hash, password);
  }
  return false;
}

}  // namespace

std::string_view word_of(PasswordScheme scheme) { return scheme_words[static_cast<std::size_t>(scheme)]; }

PasswordScheme password_scheme_from(std::string_view word) {
  const auto found = std::find(scheme_words.begin(), scheme_words.end(), word);
  if (found != scheme_words.end()) return static_cast<PasswordScheme>(found - scheme_words.begin());
  std::string all;
  for (const auto known : scheme_words) all += (all.empty() ? "" : ", ") + std::string(known);
  throw base::Error{base::ErrorCode::invalid, "there is no password scheme " + base::quote(word), all};
}

std::string hash_password(const base::Secret& password, const Argon2Cost& cost, base::Random& random) {
  usable(password);
  const auto normal = base::normal_form_c(password);
  return make_argon2id(normal.reveal(), cost, random);
}

std::string hash_password(const base::Secret& password, std::string_view scheme, base::Random& random) {
  usable(password);
  const auto normal = base::normal_form_c(password);
  if (scheme == "argon2id") return make_argon2id(normal.reveal(), Argon2Cost{}, random);
  if (scheme == "bcrypt") return make_bcrypt(normal.reveal(), bcrypt_cost, random);
  if (scheme == "scrypt") return make_scrypt(normal.reveal(), scrypt_log2_n, random);
  if (scheme == "pbkdf2-sha256") return make_pbkdf2_sha256(normal.reveal(), pbkdf2_iterations, random);
  throw base::Error{base::ErrorCode::invalid,
                    "password hashes of the scheme " + base::quote(scheme) + " are not made here",
                    "argon2id, bcrypt, scrypt or pbkdf2-sha256"};
}

PasswordHashInfo identify_password_hash(std::string_view text) {
  const auto hash = parse_password_hash(text);
  PasswordHashInfo info{hash.scheme, {}};
  switch (hash.scheme) {
    case PasswordScheme::argon2id:
    case PasswordScheme::argon2i:
    case PasswordScheme::argon2d:
      info.parameters = {{"m", hash.argon2.memory_kib}, {"t", hash.argon2.passes}, {"p", hash.argon2.lanes}};
      break;
    case PasswordScheme::bcrypt:
    case PasswordScheme::bcrypt_sha256:
      info.parameters = {{"cost", hash.rounds}};
      break;
    case PasswordScheme::scrypt:
    case PasswordScheme::yescrypt:
      info.parameters = {{"n", hash.n}, {"r", hash.r}, {"p", hash.p}};
      break;
    case PasswordScheme::sha512crypt:
      info.parameters = {{"rounds", hash.rounds}};
      break;
    case PasswordScheme::pbkdf2_sha1:
    case PasswordScheme::pbkdf2_sha256:
    case PasswordScheme::pbkdf2_sha512:
      info.parameters = {{"iterations", hash.rounds}};
      break;
  }
  return info;
}

bool verify_password(std::string_view text, const base::Secret& password) {
  const auto hash = parse_password_hash(text);
  if (password.empty() || password.size() > longest_password) return false;
  if (matches(hash, password.reveal())) return true;
  const auto normal = base::normal_form_c(password);
  return !(normal == password) && matches(hash, normal.reveal());
}

bool password_needs_rehash(std::string_view text, const Argon2Cost& cost) {
  const auto hash = parse_password_hash(text);
  return hash.scheme != PasswordScheme::argon2id || hash.argon2_version != 0x13 || hash.argon2 != cost ||
         hash.salt.size() < 16 || hash.tag.size() < 32;
}

}  // namespace authctl::crypto
