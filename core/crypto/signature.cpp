#include "core/crypto/signature.h"

#include <openssl/core_names.h>
#include <openssl/rsa.h>
#include <sodium.h>

#include <algorithm>

#include "core/base/error.h"
#include "core/crypto/digest.h"
#include "core/crypto/openssl.h"

namespace authctl::crypto {
namespace {

constexpr std::size_t half = 32;  // of an ES256 or Ed25519 signature

const unsigned char* data_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

// RFC 2104 keyed once; each message starts from the keyed state.
class Hmac {
 public:
  explicit Hmac(base::ByteView key) : context_(needed(EVP_MAC_CTX_new(hmac_method()), "HMAC")) {
    char digest[] = "SHA256";
    const OSSL_PARAM params[] = {OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
                                 OSSL_PARAM_construct_end()};
    needed(EVP_MAC_init(context_.get(), key.data(), key.size(), params), "HMAC");
  }
  Hmac(const Hmac& other) : context_(needed(EVP_MAC_CTX_dup(other.context_.get()), "HMAC")) {}
  Hmac& operator=(const Hmac&) = delete;
  Digest of(std::string_view message) {
    Digest mac;
    std::size_t size = 0;
    needed(EVP_MAC_init(context_.get(), nullptr, 0, nullptr), "HMAC");
    needed(EVP_MAC_update(context_.get(), data_of(message), message.size()), "HMAC");
    needed(EVP_MAC_final(context_.get(), mac.data(), &size, mac.size()), "HMAC");
    return mac;
  }

 private:
  MacContext context_;
};

// One number of ECDSA-Sig-Value (RFC 3279 section 2.2.3): no leading zeros but the one that keeps it
// positive.
std::size_t write_der_integer(const std::uint8_t* number, std::uint8_t* out) {
  std::size_t skip = 0;
  while (skip < half - 1 && number[skip] == 0) ++skip;
  const std::size_t sign = number[skip] >> 7;
  const std::size_t size = half - skip + sign;
  out[0] = 0x02;
  out[1] = static_cast<std::uint8_t>(size);
  out[2] = 0;
  std::copy(number + skip, number + half, out + 2 + sign);
  return size + 2;
}

// 64 bytes (checked by the caller) to at most 72 of DER.
std::size_t to_der(const std::uint8_t* signature, std::uint8_t* out) {
  const std::size_t r = write_der_integer(signature, out + 2);
  const std::size_t s = write_der_integer(signature + half, out + 2 + r);
  out[0] = 0x30;
  out[1] = static_cast<std::uint8_t>(r + s);
  return 2 + r + s;
}

// What OpenSSL writes is right DER; gives the rest of it behind the number.
const std::uint8_t* read_der_integer(const std::uint8_t* der, std::uint8_t* out) {
  std::size_t size = der[1];
  const std::uint8_t* number = der + 2;
  if (*number == 0 && size > 1) ++number, --size;
  if (der[0] != 0x02 || size > half) openssl_failed("ES256");
  std::fill_n(out, half - size, std::uint8_t{0});
  std::copy_n(number, size, out + half - size);
  return number + size;
}

KeyContext verify_context(EVP_PKEY* key, Algorithm algorithm) {
  KeyContext context(needed(EVP_PKEY_CTX_new_from_pkey(nullptr, key, nullptr), "a verification context"));
  needed(EVP_PKEY_verify_init(context.get()), "a verification context");
  if (algorithm == Algorithm::rs256) {
    needed(EVP_PKEY_CTX_set_rsa_padding(context.get(), RSA_PKCS1_PADDING), "PKCS#1 padding");
  }
  needed(EVP_PKEY_CTX_set_signature_md(context.get(), sha256_method()), "SHA256");
  return context;
}

KeyContext sign_context(EVP_PKEY* key, Algorithm algorithm) {
  KeyContext context(needed(EVP_PKEY_CTX_new_from_pkey(nullptr, key, nullptr), "a signing context"));
  needed(EVP_PKEY_sign_init(context.get()), "a signing context");
  if (algorithm == Algorithm::rs256) {
    needed(EVP_PKEY_CTX_set_rsa_padding(context.get(), RSA_PKCS1_PADDING), "PKCS#1 padding");
  }
  needed(EVP_PKEY_CTX_set_signature_md(context.get(), sha256_method()), "SHA256");
  return context;
}

KeyHandle shared(const KeyHandle& key) {
  EVP_PKEY_up_ref(key.get());
  return KeyHandle(key.get());
}

}  // namespace

// A door for each algorithm, so that none can be reached with the key of another.
struct Verifier::Context {
  virtual ~Context() = default;
  virtual bool verify(std::string_view message, base::ByteView signature) = 0;
  virtual std::unique_ptr<Context> clone() const = 0;
};

struct Signer::Context {
  virtual ~Context() = default;
  virtual void sign(std::string_view message, std::span<std::uint8_t> out) = 0;
  virtual std::unique_ptr<Context> clone() const = 0;
};

namespace {

struct VerifyHmac final : Verifier::Context {
  explicit VerifyHmac(base::ByteView key) : mac(key) {}
  bool verify(std::string_view message, base::ByteView signature) override {
    return base::equal_constant_time(mac.of(message), signature);
  }
  std::unique_ptr<Context> clone() const override { return std::make_unique<VerifyHmac>(*this); }
  Hmac mac;
};

struct VerifyEd25519 final : Verifier::Context {
  explicit VerifyEd25519(base::ByteView x) { std::copy_n(x.begin(), half, key.begin()); }
  bool verify(std::string_view message, base::ByteView signature) override {
    // libsodium refuses S >= L, small-order R and A, and a non-canonical A (RFC 8032 section 5.1.7).
    return signature.size() == 2 * half &&
           crypto_sign_verify_detached(signature.data(), data_of(message), message.size(), key.data()) == 0;
  }
  std::unique_ptr<Context> clone() const override { return std::make_unique<VerifyEd25519>(*this); }
  std::array<std::uint8_t, half> key;
};

// RSASSA-PKCS1-v1_5 and ECDSA: the contexts are made for this key and never meet another.
struct VerifyPkey final : Verifier::Context {
  VerifyPkey(KeyHandle pkey, Algorithm which)
      : key(std::move(pkey)),
        algorithm(which),
        size(which == Algorithm::es256 ? 2 * half : static_cast<std::size_t>(EVP_PKEY_get_size(key.get()))),
        context(verify_context(key.get(), which)) {}
  bool verify(std::string_view message, base::ByteView signature) override {
    if (signature.size() != size) return false;  // before any conversion
    std::uint8_t der[2 * half + 8];
    if (algorithm == Algorithm::es256) signature = {der, to_der(signature.data(), der)};
    const Digest digest = sha256(base::bytes_of(message));
    const int result =
        EVP_PKEY_verify(context.get(), signature.data(), signature.size(), digest.data(), digest.size());
    if (result != 1) forget_openssl_errors();
    return result == 1;
  }
  std::unique_ptr<Context> clone() const override {
    return std::make_unique<VerifyPkey>(shared(key), algorithm);
  }
  KeyHandle key;
  Algorithm algorithm;
  std::size_t size;
  KeyContext context;
};

struct SignHmac final : Signer::Context {
  explicit SignHmac(base::ByteView key) : mac(key) {}
  void sign(std::string_view message, std::span<std::uint8_t> out) override {
    const Digest digest = mac.of(message);
    std::copy(digest.begin(), digest.end(), out.begin());
  }
  std::unique_ptr<Context> clone() const override { return std::make_unique<SignHmac>(*this); }
  Hmac mac;
};

struct SignEd25519 final : Signer::Context {
  SignEd25519(base::ByteView seed, base::ByteView x) : key(base::Secret::zeroed(2 * half)) {
    std::copy_n(seed.begin(), half, key.writable().begin());
    std::copy_n(x.begin(), half, key.writable().begin() + half);
  }
  void sign(std::string_view message, std::span<std::uint8_t> out) override {
    crypto_sign_detached(out.data(), nullptr, data_of(message), message.size(), key.reveal().data());
  }
  std::unique_ptr<Context> clone() const override {
    return std::make_unique<SignEd25519>(key.reveal().first(half), key.reveal().last(half));
  }
  base::Secret key;  // seed, then public key
};

struct SignPkey final : Signer::Context {
  SignPkey(KeyHandle pkey, Algorithm which)
      : key(std::move(pkey)), algorithm(which), context(sign_context(key.get(), which)) {}
  void sign(std::string_view message, std::span<std::uint8_t> out) override {
    const Digest digest = sha256(base::bytes_of(message));
    if (algorithm == Algorithm::rs256) {
      std::size_t size = out.size();
      needed(EVP_PKEY_sign(context.get(), out.data(), &size, digest.data(), digest.size()), "RS256");
      return;
    }
    std::uint8_t der[2 * half + 8];
    std::size_t size = sizeof der;
    needed(EVP_PKEY_sign(context.get(), der, &size, digest.data(), digest.size()), "ES256");
    read_der_integer(read_der_integer(der + 2, out.data()), out.data() + half);
  }
  std::unique_ptr<Context> clone() const override {
    return std::make_unique<SignPkey>(shared(key), algorithm);
  }
  KeyHandle key;
  Algorithm algorithm;
  KeyContext context;
};

std::unique_ptr<Verifier::Context> make_verify_context(const KeyMaterial& key) {
  switch (key.algorithm) {
    case Algorithm::hs256:
      return std::make_unique<VerifyHmac>(key.k.reveal());
    case Algorithm::eddsa:
      return std::make_unique<VerifyEd25519>(key.x);
    default:
      return std::make_unique<VerifyPkey>(make_pkey(key.public_part()), key.algorithm);
  }
}

std::unique_ptr<Signer::Context> make_sign_context(const KeyMaterial& key) {
  if (!key.is_private()) throw base::Error(base::ErrorCode::invalid, "a public key cannot sign");
  switch (key.algorithm) {
    case Algorithm::hs256:
      return std::make_unique<SignHmac>(key.k.reveal());
    case Algorithm::eddsa:
      return std::make_unique<SignEd25519>(key.d.reveal(), key.x);
    default:
      return std::make_unique<SignPkey>(make_pkey(key), key.algorithm);
  }
}

std::size_t signature_size_of(const KeyMaterial& key) {
  if (key.algorithm == Algorithm::rs256) return key.n.size();
  return key.algorithm == Algorithm::hs256 ? half : 2 * half;
}

}  // namespace

Verifier::Verifier(const KeyMaterial& key) : Verifier(key.algorithm, make_verify_context(key)) {}
Verifier::Verifier(Algorithm algorithm, std::unique_ptr<Context> context)
    : algorithm_(algorithm), context_(std::move(context)) {}
Verifier::Verifier(Verifier&&) noexcept = default;
Verifier& Verifier::operator=(Verifier&&) noexcept = default;
Verifier::~Verifier() = default;
bool Verifier::verify(std::string_view message, base::ByteView signature) {
  return context_->verify(message, signature);
}
Verifier Verifier::clone() const { return Verifier(algorithm_, context_->clone()); }

Signer::Signer(const KeyMaterial& key)
    : Signer(key.algorithm, signature_size_of(key), make_sign_context(key)) {}
Signer::Signer(Algorithm algorithm, std::size_t signature_size, std::unique_ptr<Context> context)
    : algorithm_(algorithm), signature_size_(signature_size), context_(std::move(context)) {}
Signer::Signer(Signer&&) noexcept = default;
Signer& Signer::operator=(Signer&&) noexcept = default;
Signer::~Signer() = default;
Signer Signer::clone() const { return Signer(algorithm_, signature_size_, context_->clone()); }

std::size_t Signer::sign(std::string_view message, std::span<std::uint8_t> out) {
  if (out.size() < signature_size_) throw base::Error(base::ErrorCode::internal, "no room for a signature");
  context_->sign(message, out.first(signature_size_));
  return signature_size_;
}

base::Bytes Signer::sign(std::string_view message) {
  base::Bytes signature(signature_size_);
  sign(message, signature);
  return signature;
}

}  // namespace authctl::crypto
