// Argon2 (RFC 9106). libsodium makes and verifies i and id; d, and hashes of version 0x10, are left to the
// reference library, which is opened for them alone: linked in, its functions would meet libsodium's of the
// same names.
#include <argon2.h>
#include <sodium.h>

#include <array>
#include <cerrno>

#include "core/base/error.h"
#include "core/base/shared_library.h"
#include "core/crypto/password_hash.h"

namespace authctl::crypto {
namespace {

[[noreturn]] void no_memory(const Argon2Cost& cost) {
  throw base::Error{base::ErrorCode::internal,
                    "there is no memory for Argon2 with " + std::to_string(cost.memory_kib) + " KiB"};
}

std::string phc(std::string_view type, const Argon2Cost& cost, base::ByteView salt, base::ByteView tag) {
  return "$" + std::string(type) + "$v=19$m=" + std::to_string(cost.memory_kib) +
         ",t=" + std::to_string(cost.passes) + ",p=" + std::to_string(cost.lanes) + "$" +
         encode_unpadded_base64(salt) + "$" + encode_unpadded_base64(tag);
}

bool verify_by_sodium(const PasswordHash& hash, base::ByteView password) {
  const bool is_id = hash.scheme == PasswordScheme::argon2id;
  const auto text = phc(is_id ? "argon2id" : "argon2i", hash.argon2, hash.salt, hash.tag);
  const auto* begin = reinterpret_cast<const char*>(password.data());
  errno = 0;
  const int answer = is_id ? crypto_pwhash_argon2id_str_verify(text.c_str(), begin, password.size())
                           : crypto_pwhash_argon2i_str_verify(text.c_str(), begin, password.size());
  if (answer == 0) return true;
  if (errno != EINVAL) no_memory(hash.argon2);  // EINVAL is how libsodium says "another password"
  return false;
}

bool verify_by_reference(const PasswordHash& hash, base::ByteView password) {
  static const base::SharedLibrary library("libargon2.so.1", "libargon2-1");
  static auto* const compute = library.function<int(argon2_context*, argon2_type)>("argon2_ctx");
  auto salt = hash.salt;
  base::Bytes tag(hash.tag.size());
  argon2_context context{};
  context.out = tag.data();
  context.outlen = static_cast<std::uint32_t>(tag.size());
  context.pwd = const_cast<std::uint8_t*>(password.data());  // ARGON2_DEFAULT_FLAGS does not clear it
  context.pwdlen = static_cast<std::uint32_t>(password.size());
  context.salt = salt.data();
  context.saltlen = static_cast<std::uint32_t>(salt.size());
  context.m_cost = hash.argon2.memory_kib;
  context.t_cost = hash.argon2.passes;
  context.lanes = hash.argon2.lanes;
  context.threads = 1;
  context.version = hash.argon2_version;
  context.flags = ARGON2_DEFAULT_FLAGS;
  const auto type = hash.scheme == PasswordScheme::argon2id  ? Argon2_id
                    : hash.scheme == PasswordScheme::argon2i ? Argon2_i
                                                             : Argon2_d;
  if (compute(&context, type) != ARGON2_OK) no_memory(hash.argon2);
  return base::equal_constant_time(tag, hash.tag);
}

}  // namespace

bool verify_argon2(const PasswordHash& hash, base::ByteView password) {
  const bool reference = hash.scheme == PasswordScheme::argon2d || hash.argon2_version != 0x13;
  return reference ? verify_by_reference(hash, password) : verify_by_sodium(hash, password);
}

std::string unmatched_password_hash(const Argon2Cost& cost, base::Random& random) {
  std::array<std::uint8_t, crypto_pwhash_SALTBYTES> salt{};
  std::array<std::uint8_t, 32> tag{};
  random.fill(salt);
  random.fill(tag);
  return phc("argon2id", cost, salt, tag);
}

std::string make_argon2id(base::ByteView password, const Argon2Cost& cost, base::Random& random) {
  if (cost.lanes != 1 || cost.passes < 1 || cost.passes > PasswordCeilings::argon2_passes ||
      cost.memory_kib < 8 || cost.memory_kib > PasswordCeilings::argon2_memory_kib)
    throw base::Error{base::ErrorCode::invalid,
                      "Argon2id is made with one lane, 1 to 16 passes and 8 KiB to 1 GiB",
                      "authctl password calibrate --target 250ms"};
  std::array<std::uint8_t, crypto_pwhash_SALTBYTES> salt{};
  std::array<std::uint8_t, 32> tag{};
  random.fill(salt);
  if (crypto_pwhash(tag.data(), tag.size(), reinterpret_cast<const char*>(password.data()), password.size(),
                    salt.data(), cost.passes, std::size_t{cost.memory_kib} * 1024,
                    crypto_pwhash_ALG_ARGON2ID13) != 0)
    no_memory(cost);
  return phc("argon2id", cost, salt, tag);
}

}  // namespace authctl::crypto
