// SHA256_Init and its like are deprecated in favour of EVP, which would start a provider (0.5 ms) in every
// command that writes one audit entry.
#define OPENSSL_SUPPRESS_DEPRECATED
#include "core/crypto/digest.h"

#include <openssl/sha.h>
#include <sodium.h>

namespace authctl::crypto {

Digest sha256(std::initializer_list<base::ByteView> parts) {
  SHA256_CTX context;
  SHA256_Init(&context);
  for (const auto part : parts) SHA256_Update(&context, part.data(), part.size());
  Digest digest;
  SHA256_Final(digest.data(), &context);
  return digest;
}

ShortMac short_mac(base::ByteView key, base::ByteView bytes) {
  ShortMac mac;
  crypto_generichash(mac.data(), mac.size(), bytes.data(), bytes.size(), key.data(), key.size());
  return mac;
}

}  // namespace authctl::crypto
