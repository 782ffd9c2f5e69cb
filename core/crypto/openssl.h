// OpenSSL held in handles that free themselves, its algorithms fetched once, and keys built from their parts.
// Invariant: nothing starts OpenSSL before it is needed, and its configuration file is never read. Ed25519
// never comes here: it is libsodium's.
#pragma once
#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/evp.h>

#include <memory>
#include <string_view>

#include "core/crypto/signature.h"

namespace authctl::crypto {

template <auto free_function>
struct FreeWith {
  template <class T>
  void operator()(T* object) const noexcept {
    free_function(object);
  }
};
using KeyHandle = std::unique_ptr<EVP_PKEY, FreeWith<EVP_PKEY_free>>;
using KeyContext = std::unique_ptr<EVP_PKEY_CTX, FreeWith<EVP_PKEY_CTX_free>>;
using DigestContext = std::unique_ptr<EVP_MD_CTX, FreeWith<EVP_MD_CTX_free>>;
using MacContext = std::unique_ptr<EVP_MAC_CTX, FreeWith<EVP_MAC_CTX_free>>;
using Number = std::unique_ptr<BIGNUM, FreeWith<BN_clear_free>>;
using NumberContext = std::unique_ptr<BN_CTX, FreeWith<BN_CTX_free>>;
using Curve = std::unique_ptr<EC_GROUP, FreeWith<EC_GROUP_free>>;
using Point = std::unique_ptr<EC_POINT, FreeWith<EC_POINT_clear_free>>;

// Once a process, without openssl.cnf. Every door below goes through it.
void start_openssl();
EVP_MD* sha256_method();
EVP_MAC* hmac_method();

// Error internal, "openssl: <what> failed"; empties its queue of errors.
[[noreturn]] void openssl_failed(std::string_view what);
// Clears the queue after a refusal that was expected.
void forget_openssl_errors();
template <class T>
T* needed(T* object, std::string_view what) {
  if (object == nullptr) openssl_failed(what);
  return object;
}
inline void needed(int result, std::string_view what) {
  if (result <= 0) openssl_failed(what);
}

Number to_number(base::ByteView big_endian);
base::Bytes to_bytes(const BIGNUM& number, std::size_t size = 0);  // big-endian, filled up to `size`
base::Secret to_secret(const BIGNUM& number, std::size_t size = 0);

// The key as OpenSSL holds it; with its private half where the material has one. Error invalid where it is
// refused.
KeyHandle make_pkey(const KeyMaterial& key);

}  // namespace authctl::crypto
