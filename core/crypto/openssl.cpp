#include "core/crypto/openssl.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/param_build.h>

#include <mutex>
#include <vector>

#include "core/base/error.h"

namespace authctl::crypto {
namespace {

using Builder = std::unique_ptr<OSSL_PARAM_BLD, FreeWith<OSSL_PARAM_BLD_free>>;
using Params = std::unique_ptr<OSSL_PARAM, FreeWith<OSSL_PARAM_free>>;

// Collects the parts of a key; the numbers must live until it is built.
class KeyParts {
 public:
  KeyParts() : builder_(needed(OSSL_PARAM_BLD_new(), "a parameter builder")) {}

  void text(const char* name, const char* value) {
    needed(OSSL_PARAM_BLD_push_utf8_string(builder_.get(), name, value, 0), name);
  }
  void octets(const char* name, base::ByteView value) {
    needed(OSSL_PARAM_BLD_push_octet_string(builder_.get(), name, value.data(), value.size()), name);
  }
  void number(const char* name, base::ByteView value) {
    if (value.empty()) return;
    numbers_.push_back(to_number(value));
    needed(OSSL_PARAM_BLD_push_BN(builder_.get(), name, numbers_.back().get()), name);
  }

  KeyHandle build(const char* type, int selection) {
    const Params params(needed(OSSL_PARAM_BLD_to_param(builder_.get()), "key parameters"));
    const KeyContext context(needed(EVP_PKEY_CTX_new_from_name(nullptr, type, nullptr), type));
    needed(EVP_PKEY_fromdata_init(context.get()), type);
    EVP_PKEY* key = nullptr;
    if (EVP_PKEY_fromdata(context.get(), &key, selection, params.get()) <= 0) {
      forget_openssl_errors();
      throw base::Error(base::ErrorCode::invalid, "openssl refuses this key");
    }
    return KeyHandle(key);
  }

 private:
  Builder builder_;
  std::vector<Number> numbers_;
};

}  // namespace

void start_openssl() {
  static std::once_flag once;
  std::call_once(once,
                 [] { OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG | OPENSSL_INIT_NO_ATEXIT, nullptr); });
}

EVP_MD* sha256_method() {
  start_openssl();
  static EVP_MD* const digest = needed(EVP_MD_fetch(nullptr, "SHA256", nullptr), "SHA256");
  return digest;
}

EVP_MAC* hmac_method() {
  start_openssl();
  static EVP_MAC* const mac = needed(EVP_MAC_fetch(nullptr, "HMAC", nullptr), "HMAC");
  return mac;
}

void forget_openssl_errors() { ERR_clear_error(); }

void openssl_failed(std::string_view what) {
  forget_openssl_errors();
  throw base::Error(base::ErrorCode::internal, "openssl: " + std::string(what) + " failed");
}

Number to_number(base::ByteView big_endian) {
  return Number(
      needed(BN_bin2bn(big_endian.data(), static_cast<int>(big_endian.size()), nullptr), "a number"));
}

base::Bytes to_bytes(const BIGNUM& number, std::size_t size) {
  base::Bytes bytes(std::max(size, static_cast<std::size_t>(BN_num_bytes(&number))));
  BN_bn2binpad(&number, bytes.data(), static_cast<int>(bytes.size()));
  return bytes;
}

base::Secret to_secret(const BIGNUM& number, std::size_t size) {
  auto secret = base::Secret::zeroed(std::max(size, static_cast<std::size_t>(BN_num_bytes(&number))));
  BN_bn2binpad(&number, secret.writable().data(), static_cast<int>(secret.size()));
  return secret;
}

KeyHandle make_pkey(const KeyMaterial& key) {
  start_openssl();
  const int selection = key.is_private() ? EVP_PKEY_KEYPAIR : EVP_PKEY_PUBLIC_KEY;
  KeyParts parts;
  if (key.algorithm == Algorithm::es256) {
    base::Bytes point{4};  // SEC 1 section 2.3.3: uncompressed
    point.insert(point.end(), key.x.begin(), key.x.end());
    point.insert(point.end(), key.y.begin(), key.y.end());
    parts.text(OSSL_PKEY_PARAM_GROUP_NAME, "prime256v1");
    parts.octets(OSSL_PKEY_PARAM_PUB_KEY, point);
    parts.number(OSSL_PKEY_PARAM_PRIV_KEY, key.d.reveal());
    return parts.build("EC", selection);
  }
  parts.number(OSSL_PKEY_PARAM_RSA_N, key.n);
  parts.number(OSSL_PKEY_PARAM_RSA_E, key.e);
  parts.number(OSSL_PKEY_PARAM_RSA_D, key.d.reveal());
  parts.number(OSSL_PKEY_PARAM_RSA_FACTOR1, key.p.reveal());
  parts.number(OSSL_PKEY_PARAM_RSA_FACTOR2, key.q.reveal());
  parts.number(OSSL_PKEY_PARAM_RSA_EXPONENT1, key.dp.reveal());
  parts.number(OSSL_PKEY_PARAM_RSA_EXPONENT2, key.dq.reveal());
  parts.number(OSSL_PKEY_PARAM_RSA_COEFFICIENT1, key.qi.reveal());
  return parts.build("RSA", selection);
}

}  // namespace authctl::crypto
