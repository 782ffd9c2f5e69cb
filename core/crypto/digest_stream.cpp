// The low-level functions, for the reason that digest.cpp gives.
#define OPENSSL_SUPPRESS_DEPRECATED
#include "core/crypto/digest_stream.h"

#include <openssl/sha.h>

namespace authctl::crypto {

struct DigestStream::State {
  SHA256_CTX context;
};

DigestStream::DigestStream() : state_(std::make_unique<State>()) { SHA256_Init(&state_->context); }
DigestStream::~DigestStream() = default;
DigestStream::DigestStream(DigestStream&&) noexcept = default;

void DigestStream::add(base::ByteView bytes) { SHA256_Update(&state_->context, bytes.data(), bytes.size()); }

Digest DigestStream::finish() {
  Digest digest;
  SHA256_Final(digest.data(), &state_->context);
  return digest;
}

std::array<std::uint8_t, 64> sha512(base::ByteView bytes) {
  std::array<std::uint8_t, 64> digest;
  SHA512(bytes.data(), bytes.size(), digest.data());
  return digest;
}

}  // namespace authctl::crypto
