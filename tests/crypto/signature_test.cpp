#include "core/crypto/signature.h"

#include <openssl/evp.h>

#include <thread>

#include "core/base/error.h"
#include "core/crypto/keypair.h"
#include "core/crypto/openssl.h"
#include "tests/support/catch.h"

using namespace authctl;
using crypto::Algorithm;
using crypto::KeyMaterial;
using crypto::Signer;
using crypto::Verifier;

namespace {

base::SystemRandom random_source;

// Two keys of each kind, made once for the file.
const KeyMaterial& key_of(Algorithm algorithm, int which) {
  static std::map<std::pair<Algorithm, int>, KeyMaterial> keys;
  auto& key = keys[{algorithm, which}];
  if (!key.is_private()) key = crypto::generate_key(algorithm, 0, random_source);
  return key;
}

// The order of the group, big-endian for P-256 and little-endian for Ed25519.
const auto p256_order = *base::decode_hex("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551");
const auto ed25519_order =
    *base::decode_hex("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010");

base::Bytes joined(const base::Bytes& a, const base::Bytes& b) {
  base::Bytes both = a;
  both.insert(both.end(), b.begin(), b.end());
  return both;
}

}  // namespace

TEST_CASE("what a key signs its own verifier takes, and that of another key does not") {
  for (const auto algorithm : crypto::all_algorithms) {
    INFO(crypto::name_of(algorithm));
    Signer signer(key_of(algorithm, 0));
    Verifier own(key_of(algorithm, 0)), other(key_of(algorithm, 1));
    for (const std::string_view message : {"", "a", "a longer message"}) {
      const auto signature = signer.sign(message);
      CHECK(signature.size() == signer.signature_size());
      CHECK(own.verify(message, signature));
      CHECK_FALSE(own.verify("another", signature));
      CHECK_FALSE(other.verify(message, signature));
    }
  }
}

TEST_CASE("one context a key: verifiers of two keys used in turn never take each other's signatures") {
  for (const auto algorithm : crypto::all_algorithms) {
    INFO(crypto::name_of(algorithm));
    Signer sign_a(key_of(algorithm, 0)), sign_b(key_of(algorithm, 1));
    Verifier a(key_of(algorithm, 0)), b(key_of(algorithm, 1));
    const auto by_a = sign_a.sign("message"), by_b = sign_b.sign("message");
    for (int round = 0; round < 3; ++round) {
      CHECK(a.verify("message", by_a));
      CHECK_FALSE(b.verify("message", by_a));
      CHECK(b.verify("message", by_b));
      CHECK_FALSE(a.verify("message", by_b));
    }
    Verifier moved = std::move(a);
    moved = b.clone();  // what was A's object now holds B's context, not A's re-initialised
    CHECK_FALSE(moved.verify("message", by_a));
    CHECK(moved.verify("message", by_b));
  }
}

// The trap itself: OpenSSL 3.0 reports success where a context is initialised again with key B, and goes on
// verifying with key A. A fresh context refuses, and so does our own verifier of B, whatever it was before.
TEST_CASE("an EVP_MD_CTX that is re-initialised with a second key is never used here") {
  for (const auto algorithm : {Algorithm::es256, Algorithm::eddsa, Algorithm::rs256}) {
    INFO(crypto::name_of(algorithm));
    const char* digest = algorithm == Algorithm::eddsa ? nullptr : "SHA256";
    // Ed25519 is libsodium's here, so OpenSSL makes these two itself.
    const auto pkey = [&](int which) {
      return algorithm == Algorithm::eddsa ? crypto::KeyHandle(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"))
                                           : crypto::make_pkey(key_of(algorithm, which));
    };
    const auto key_a = pkey(0), key_b = pkey(1);
    const std::string_view message = "a message";
    const auto* text = reinterpret_cast<const std::uint8_t*>(message.data());
    std::vector<std::uint8_t> signature(600);
    std::size_t size = signature.size();
    const crypto::DigestContext signing(EVP_MD_CTX_new()), reused(EVP_MD_CTX_new()), fresh(EVP_MD_CTX_new());
    const auto begin = [&](const crypto::DigestContext& context, const auto& key) {
      return EVP_DigestVerifyInit_ex(context.get(), nullptr, digest, nullptr, nullptr, key.get(), nullptr) ==
             1;
    };
    const auto takes = [&](const crypto::DigestContext& context) {
      return EVP_DigestVerify(context.get(), signature.data(), size, text, message.size()) == 1;
    };
    REQUIRE(EVP_DigestSignInit_ex(signing.get(), nullptr, digest, nullptr, nullptr, key_a.get(), nullptr) ==
            1);
    REQUIRE(EVP_DigestSign(signing.get(), signature.data(), &size, text, message.size()) == 1);

    REQUIRE(begin(reused, key_a));
    REQUIRE(takes(reused));
    REQUIRE(begin(reused, key_b));
    if (!takes(reused)) WARN("this OpenSSL re-keys a context that is initialised again");
    REQUIRE(begin(fresh, key_b));
    CHECK_FALSE(takes(fresh));
    crypto::forget_openssl_errors();

    Verifier verifier(key_of(algorithm, 0));
    const auto ours = Signer(key_of(algorithm, 0)).sign(message);
    REQUIRE(verifier.verify(message, ours));
    verifier = Verifier(key_of(algorithm, 1));
    CHECK_FALSE(verifier.verify(message, ours));
  }
}

TEST_CASE("B15, B16, B19: a signature has one length and one encoding") {
  for (const auto algorithm : crypto::all_algorithms) {
    INFO(crypto::name_of(algorithm));
    Signer signer(key_of(algorithm, 0));
    Verifier verifier(key_of(algorithm, 0));
    const auto signature = signer.sign("message");
    for (std::size_t size = 0; size < signature.size(); ++size) {
      CHECK_FALSE(verifier.verify("message", base::ByteView(signature).first(size)));
    }
    CHECK_FALSE(verifier.verify("message", joined(signature, {0})));
    CHECK_FALSE(verifier.verify("message", joined({0}, signature)));
    CHECK_FALSE(verifier.verify("message", base::Bytes(20 * 1024, 0x41)));
    CHECK_FALSE(verifier.verify("message", base::Bytes(signature.size(), 0)));
    CHECK_FALSE(verifier.verify("message", base::Bytes(signature.size(), 0xff)));
    for (std::size_t i = 0; i < signature.size(); ++i) {
      auto altered = signature;
      altered[i] ^= 0x80;
      CHECK_FALSE(verifier.verify("message", altered));
    }
  }
}

TEST_CASE("B15: R and S of ES256 lie in 1 to n-1, and DER is not their form") {
  Signer signer(key_of(Algorithm::es256, 0));
  Verifier verifier(key_of(Algorithm::es256, 0));
  const auto signature = signer.sign("message");
  const base::Bytes r(signature.begin(), signature.begin() + 32), s(signature.begin() + 32, signature.end());
  const base::Bytes zero(32, 0);
  for (const auto& forged : {joined(zero, zero), joined(zero, s), joined(r, zero), joined(p256_order, s),
                             joined(r, p256_order), joined(s, r)}) {
    CHECK_FALSE(verifier.verify("message", forged));
  }
  base::Bytes der{0x30, 68, 2, 32};
  der = joined(joined(der, r), joined({2, 32}, s));
  CHECK_FALSE(verifier.verify("message", der));
}

TEST_CASE("B17: Ed25519 with S + L is refused, as is a key of small order") {
  Signer signer(key_of(Algorithm::eddsa, 0));
  Verifier verifier(key_of(Algorithm::eddsa, 0));
  auto signature = signer.sign("message");
  unsigned carry = 0;
  for (std::size_t i = 0; i < 32; ++i) {
    carry += static_cast<unsigned>(signature[32 + i]) + ed25519_order[i];
    signature[32 + i] = static_cast<std::uint8_t>(carry);
    carry >>= 8;
  }
  CHECK_FALSE(verifier.verify("message", signature));
  // The identity, the point of order 2, one of order 8, and y = p + 1 written without reduction.
  for (const auto* x : {"0100000000000000000000000000000000000000000000000000000000000000",
                        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
                        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
                        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"}) {
    KeyMaterial key;
    key.algorithm = Algorithm::eddsa;
    key.x = *base::decode_hex(x);
    CHECK_THROWS_AS(crypto::check_key(key), base::Error);
    Verifier weak(key);
    auto forged = key.x;  // R = A, S = 0
    forged.resize(64);
    CHECK_FALSE(weak.verify("message", forged));
  }
}

TEST_CASE("a clone verifies on another thread while the first goes on") {
  for (const auto algorithm : crypto::all_algorithms) {
    Signer signer(key_of(algorithm, 0));
    const auto signature = signer.sign("message");
    Verifier here(key_of(algorithm, 0));
    auto there = here.clone();
    int good = 0;
    std::thread thread([&] {
      for (int i = 0; i < 50; ++i) good += there.verify("message", signature) ? 1 : 0;
    });
    for (int i = 0; i < 50; ++i) CHECK(here.verify("message", signature));
    thread.join();
    CHECK(good == 50);
    auto second = signer.clone();
    CHECK(here.verify("again", second.sign("again")));
  }
}

TEST_CASE("a public key signs nothing") {
  CHECK_THROWS_AS(Signer(key_of(Algorithm::es256, 0).public_part()), base::Error);
  CHECK_THROWS_AS(key_of(Algorithm::hs256, 0).public_part(), base::Error);
}
