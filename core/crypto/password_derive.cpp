// scrypt (RFC 7914) and PBKDF2 (RFC 8018 section 5.2) by OpenSSL.
#include <openssl/evp.h>

#include <algorithm>
#include <array>

#include "core/base/error.h"
#include "core/crypto/password_hash.h"

namespace authctl::crypto {
namespace {

// 128 * N * r for the table and as much again for the lanes: twice the ceiling.
constexpr std::uint64_t scrypt_memory = 2 * 128 * PasswordCeilings::scrypt_n_times_r;

const char* text_begin(base::ByteView bytes) { return reinterpret_cast<const char*>(bytes.data()); }

base::Bytes derive(const PasswordHash& hash, base::ByteView password, std::size_t size) {
  base::Bytes tag(size);
  int done = 0;
  if (hash.scheme == PasswordScheme::scrypt) {
    done = EVP_PBE_scrypt(text_begin(password), password.size(), hash.salt.data(), hash.salt.size(), hash.n,
                          hash.r, hash.p, scrypt_memory, tag.data(), tag.size());
  } else {
    const EVP_MD* digest = hash.scheme == PasswordScheme::pbkdf2_sha1     ? EVP_sha1()
                           : hash.scheme == PasswordScheme::pbkdf2_sha256 ? EVP_sha256()
                                                                          : EVP_sha512();
    done = PKCS5_PBKDF2_HMAC(text_begin(password), static_cast<int>(password.size()), hash.salt.data(),
                             static_cast<int>(hash.salt.size()), static_cast<int>(hash.rounds), digest,
                             static_cast<int>(tag.size()), tag.data());
  }
  if (done != 1)
    throw base::Error{base::ErrorCode::internal,
                      std::string(word_of(hash.scheme)) + " could not be computed"};
  return tag;
}

PasswordHash with_salt(PasswordScheme scheme, base::Random& random) {
  PasswordHash hash;
  hash.scheme = scheme;
  hash.salt.resize(16);
  random.fill(hash.salt);
  return hash;
}

std::string adapted(base::ByteView bytes) {
  auto text = encode_unpadded_base64(bytes);
  std::replace(text.begin(), text.end(), '+', '.');
  return text;
}

}  // namespace

bool verify_derived(const PasswordHash& hash, base::ByteView password) {
  return base::equal_constant_time(derive(hash, password, hash.tag.size()), hash.tag);
}

std::string make_scrypt(base::ByteView password, unsigned log2_n, base::Random& random) {
  auto hash = with_salt(PasswordScheme::scrypt, random);
  hash.n = std::uint64_t{1} << log2_n, hash.r = 8, hash.p = 1;
  const auto tag = derive(hash, password, 32);
  return "$scrypt$ln=" + std::to_string(log2_n) + ",r=8,p=1$" + encode_unpadded_base64(hash.salt) + "$" +
         encode_unpadded_base64(tag);
}

std::string make_pbkdf2_sha256(base::ByteView password, std::uint64_t iterations, base::Random& random) {
  auto hash = with_salt(PasswordScheme::pbkdf2_sha256, random);
  hash.rounds = iterations;
  const auto tag = derive(hash, password, 32);
  return "$pbkdf2-sha256$" + std::to_string(iterations) + "$" + adapted(hash.salt) + "$" + adapted(tag);
}

}  // namespace authctl::crypto
