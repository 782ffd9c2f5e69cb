#include "core/crypto/keyed_hash.h"

#include <sodium.h>

namespace authctl::crypto {

KeyedHash::Digest KeyedHash::operator()(std::string_view text) const {
  static_assert(crypto_shorthash_siphashx24_BYTES == sizeof(Digest));
  static_assert(crypto_shorthash_siphashx24_KEYBYTES == sizeof(key_));
  Digest digest;
  crypto_shorthash_siphashx24(digest.data(), reinterpret_cast<const unsigned char*>(text.data()), text.size(),
                              key_.data());
  return digest;
}

}  // namespace authctl::crypto
