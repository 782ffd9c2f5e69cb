#include "core/crypto/hmac.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "core/crypto/openssl.h"

namespace authctl::crypto {

base::Bytes hmac(MacHash hash, base::ByteView key, base::ByteView message) {
  start_openssl();
  const EVP_MD* method = hash == MacHash::sha1     ? EVP_sha1()
                         : hash == MacHash::sha256 ? EVP_sha256()
                                                   : EVP_sha512();
  base::Bytes mac(EVP_MAX_MD_SIZE);
  unsigned int size = 0;
  if (!HMAC(method, key.data(), static_cast<int>(key.size()), message.data(), message.size(), mac.data(),
            &size))
    openssl_failed("HMAC");
  mac.resize(size);
  return mac;
}

}  // namespace authctl::crypto
