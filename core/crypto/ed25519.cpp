#include "core/crypto/ed25519.h"

#include <sodium.h>

#include "core/base/error.h"

namespace authctl::crypto {

base::Secret Ed25519Signer::make_seed(base::Random& random) {
  auto seed = base::Secret::zeroed(crypto_sign_SEEDBYTES);
  random.fill(seed.writable());
  return seed;
}

Ed25519Signer::Ed25519Signer(base::Secret seed)
    : seed_(std::move(seed)), expanded_(base::Secret::zeroed(crypto_sign_SECRETKEYBYTES)) {
  if (seed_.size() != crypto_sign_SEEDBYTES) {
    throw base::Error(base::ErrorCode::invalid, "an Ed25519 seed is 32 bytes long");
  }
  crypto_sign_seed_keypair(public_.data(), expanded_.writable().data(), seed_.reveal().data());
}

Ed25519Signature Ed25519Signer::sign(base::ByteView message) const {
  Ed25519Signature signature;
  crypto_sign_detached(signature.data(), nullptr, message.data(), message.size(), expanded_.reveal().data());
  return signature;
}

bool verify_ed25519(const Ed25519Public& key, base::ByteView message, base::ByteView signature) {
  return signature.size() == crypto_sign_BYTES &&
         crypto_sign_verify_detached(signature.data(), message.data(), message.size(), key.data()) == 0;
}

}  // namespace authctl::crypto
