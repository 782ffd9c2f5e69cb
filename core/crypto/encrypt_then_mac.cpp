#include "core/crypto/encrypt_then_mac.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include <algorithm>
#include <stdexcept>

#include "core/base/error.h"

namespace authctl::crypto {
namespace {

void expect(bool done, const char* what) {
  if (!done)
    throw base::Error(base::ErrorCode::internal, std::string("the cryptographic library failed: ") + what);
}

// Fetched once in a process; without openssl.cnf, which nothing here depends on.
struct Algorithms {
  EVP_CIPHER* cipher;
  EVP_MAC* mac;
  Algorithms() {
    OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, nullptr);
    cipher = EVP_CIPHER_fetch(nullptr, "AES-128-CBC", nullptr);
    mac = EVP_MAC_fetch(nullptr, "HMAC", nullptr);
    expect(cipher != nullptr && mac != nullptr, "no AES-128-CBC or no HMAC");
  }
};

const Algorithms& algorithms() {
  static const Algorithms fetched;
  return fetched;
}

// EVP counts in int.
constexpr std::size_t largest_call = std::size_t{1} << 30;

}  // namespace

struct EncryptThenMac::Contexts {
  EVP_CIPHER_CTX* encryption = EVP_CIPHER_CTX_new();
  EVP_CIPHER_CTX* decryption = EVP_CIPHER_CTX_new();
  EVP_MAC_CTX* mac = EVP_MAC_CTX_new(algorithms().mac);

  Contexts() = default;
  Contexts(const Contexts&) = delete;
  Contexts& operator=(const Contexts&) = delete;
  ~Contexts() {  // each wipes its key schedule
    EVP_CIPHER_CTX_free(encryption);
    EVP_CIPHER_CTX_free(decryption);
    EVP_MAC_CTX_free(mac);
  }
};

EncryptThenMac::EncryptThenMac(base::ByteView signing_key, base::ByteView encryption_key)
    : contexts_(std::make_unique<Contexts>()) {
  if (signing_key.size() != 16 || encryption_key.size() != 16) {
    throw base::Error(base::ErrorCode::invalid, "a key pair of the wrong size");
  }
  auto& c = *contexts_;
  expect(c.encryption != nullptr && c.decryption != nullptr && c.mac != nullptr, "no memory");
  const auto* cipher = algorithms().cipher;
  expect(EVP_EncryptInit_ex2(c.encryption, cipher, encryption_key.data(), nullptr, nullptr) == 1,
         "encryption key");
  const std::array<std::uint8_t, block_size> any_iv{};  // each text brings its own, see decrypt()
  expect(EVP_DecryptInit_ex2(c.decryption, cipher, encryption_key.data(), any_iv.data(), nullptr) == 1,
         "decryption key");
  EVP_CIPHER_CTX_set_padding(c.encryption, 0);
  EVP_CIPHER_CTX_set_padding(c.decryption, 0);
  char digest[] = "SHA256";
  const OSSL_PARAM parameters[] = {OSSL_PARAM_construct_utf8_string("digest", digest, 0),
                                   OSSL_PARAM_construct_end()};
  expect(EVP_MAC_init(c.mac, signing_key.data(), signing_key.size(), parameters) == 1, "signing key");
}

EncryptThenMac::EncryptThenMac(EncryptThenMac&&) noexcept = default;
EncryptThenMac& EncryptThenMac::operator=(EncryptThenMac&&) noexcept = default;
EncryptThenMac::~EncryptThenMac() = default;

void EncryptThenMac::begin_encryption(base::ByteView iv) {
  if (iv.size() != block_size) throw std::invalid_argument("an IV has 16 bytes");
  expect(EVP_EncryptInit_ex2(contexts_->encryption, nullptr, nullptr, iv.data(), nullptr) == 1, "IV");
}

void EncryptThenMac::encrypt(base::ByteView in, std::uint8_t* out) {
  if (in.size() % block_size != 0) throw std::invalid_argument("not whole blocks");
  while (!in.empty()) {
    const std::size_t count = std::min(in.size(), largest_call);
    int written = 0;
    expect(EVP_EncryptUpdate(contexts_->encryption, out, &written, in.data(), static_cast<int>(count)) == 1 &&
               static_cast<std::size_t>(written) == count,
           "encryption");
    in = in.subspan(count);
    out += count;
  }
}

void EncryptThenMac::decrypt(base::ByteView in, std::uint8_t* out) {
  if (in.size() % block_size != 0) throw std::invalid_argument("not whole blocks");
  while (!in.empty()) {
    const std::size_t count = std::min(in.size(), largest_call);
    int written = 0;
    expect(EVP_DecryptUpdate(contexts_->decryption, out, &written, in.data(), static_cast<int>(count)) == 1 &&
               static_cast<std::size_t>(written) == count,
           "decryption");
    in = in.subspan(count);
    out += count;
  }
}

void EncryptThenMac::begin_mac() { expect(EVP_MAC_init(contexts_->mac, nullptr, 0, nullptr) == 1, "MAC"); }

void EncryptThenMac::add_to_mac(base::ByteView bytes) {
  expect(EVP_MAC_update(contexts_->mac, bytes.data(), bytes.size()) == 1, "MAC");
}

EncryptThenMac::Mac EncryptThenMac::end_mac() {
  Mac mac;
  std::size_t size = 0;
  expect(EVP_MAC_final(contexts_->mac, mac.data(), &size, mac.size()) == 1 && size == mac.size(), "MAC");
  return mac;
}

}  // namespace authctl::crypto
