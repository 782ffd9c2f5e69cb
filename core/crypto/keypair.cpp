#include "core/crypto/keypair.h"

#include <openssl/core_names.h>
#include <openssl/obj_mac.h>
#include <openssl/rsa.h>
#include <sodium.h>

#include <algorithm>

#include "core/base/error.h"
#include "core/crypto/openssl.h"

namespace authctl::crypto {
namespace {

constexpr std::size_t curve_bytes = 32;  // P-256 and Ed25519
constexpr int max_exponent_bits = 64;    // what OpenSSL verifies with at every modulus

[[noreturn]] void refuse(std::string message, std::string hint = {}) {
  throw base::Error(base::ErrorCode::invalid, std::move(message), std::move(hint));
}
void require(bool holds, const char* otherwise) {
  if (!holds) refuse(otherwise);
}

struct P256 {
  P256() : context(needed(BN_CTX_secure_new(), "P-256")) {
    start_openssl();
    curve.reset(needed(EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1), "P-256"));
  }
  // x and y of scalar * generator.
  std::pair<base::Bytes, base::Bytes> multiply(const BIGNUM& scalar) const {
    const Point point(needed(EC_POINT_new(curve.get()), "P-256"));
    const Number x(needed(BN_new(), "P-256")), y(needed(BN_new(), "P-256"));
    needed(EC_POINT_mul(curve.get(), point.get(), &scalar, nullptr, nullptr, context.get()), "P-256");
    needed(EC_POINT_get_affine_coordinates(curve.get(), point.get(), x.get(), y.get(), context.get()),
           "P-256");
    return {to_bytes(*x, curve_bytes), to_bytes(*y, curve_bytes)};
  }
  bool has_point(const base::Bytes& x, const base::Bytes& y) const {
    base::Bytes octets{4};
    octets.insert(octets.end(), x.begin(), x.end());
    octets.insert(octets.end(), y.begin(), y.end());
    const Point point(needed(EC_POINT_new(curve.get()), "P-256"));
    const bool on_curve =
        EC_POINT_oct2point(curve.get(), point.get(), octets.data(), octets.size(), context.get()) == 1;
    if (!on_curve) forget_openssl_errors();
    return on_curve;
  }
  bool has_scalar(const BIGNUM& scalar) const {
    return !BN_is_zero(&scalar) && BN_cmp(&scalar, EC_GROUP_get0_order(curve.get())) < 0;
  }
  NumberContext context;
  Curve curve;
};

void check_ec(const KeyMaterial& key) {
  require(key.x.size() == curve_bytes && key.y.size() == curve_bytes, "a P-256 coordinate has 32 bytes");
  const P256 p256;
  require(p256.has_point(key.x, key.y), "the point is not on the curve P-256");
  if (key.d.empty()) return;
  require(key.d.size() == curve_bytes, "a P-256 private key has 32 bytes");
  const Number d = to_number(key.d.reveal());
  require(p256.has_scalar(*d), "the P-256 private key is out of range");
  require(p256.multiply(*d) == std::pair(key.x, key.y), "the private key does not belong to the public key");
}

base::Bytes ed25519_public(base::ByteView seed) {
  base::Bytes x(curve_bytes);
  auto whole = base::Secret::zeroed(crypto_sign_SECRETKEYBYTES);
  crypto_sign_seed_keypair(x.data(), whole.writable().data(), seed.data());
  return x;
}

void check_ed25519(const KeyMaterial& key) {
  require(key.x.size() == curve_bytes, "an Ed25519 public key has 32 bytes");
  // Canonical, on the curve, in the prime-order group: no small or mixed order (RFC 8725 section 3.4).
  require(crypto_core_ed25519_is_valid_point(key.x.data()) == 1,
          "the Ed25519 public key is not a sound point");
  if (key.d.empty()) return;
  require(key.d.size() == curve_bytes, "an Ed25519 private key has 32 bytes");
  require(ed25519_public(key.d.reveal()) == key.x, "the private key does not belong to the public key");
}

// n = p q, e d = 1, and the CRT numbers, by their definitions (RFC 8017 section 3.2); no primality test.
void check_rsa_private(const KeyMaterial& key, const BIGNUM& n, const BIGNUM& e) {
  const NumberContext context(needed(BN_CTX_secure_new(), "RSA"));
  auto* cx = context.get();
  const auto number = [](const base::Secret& part) { return to_number(part.reveal()); };
  const Number d = number(key.d), p = number(key.p), q = number(key.q), dp = number(key.dp),
               dq = number(key.dq), qi = number(key.qi), less(needed(BN_new(), "RSA")),
               result(needed(BN_new(), "RSA"));
  const auto odd_part = [&](const Number& prime) {
    return BN_is_odd(prime.get()) && BN_num_bits(prime.get()) > 512;
  };
  require(odd_part(p) && odd_part(q) && BN_cmp(p.get(), q.get()) != 0, "the RSA primes are not sound");
  needed(BN_mul(result.get(), p.get(), q.get(), cx), "RSA");
  require(BN_cmp(result.get(), &n) == 0, "the private key does not belong to the public key");
  const auto is_inverse = [&](const BIGNUM& a, const BIGNUM& b, const BIGNUM& modulus) {
    needed(BN_mod_mul(result.get(), &a, &b, &modulus, cx), "RSA");
    return BN_is_one(result.get());
  };
  for (const auto& [prime, exponent] : {std::pair(p.get(), dp.get()), std::pair(q.get(), dq.get())}) {
    needed(BN_sub(less.get(), prime, BN_value_one()), "RSA");
    require(is_inverse(e, *d, *less), "the private key does not belong to the public key");
    needed(BN_nnmod(result.get(), d.get(), less.get(), cx), "RSA");
    require(BN_cmp(result.get(), exponent) == 0, "the RSA exponents do not fit the private key");
  }
  require(BN_cmp(qi.get(), p.get()) < 0 && is_inverse(*q, *qi, *p),
          "the RSA coefficient does not fit the primes");
}

// The product of the odd primes below 752 (SP 800-89 section 5.3.3): no sound modulus shares a factor with
// it.
Number small_primes() {
  Number product(needed(BN_new(), "RSA"));
  needed(BN_one(product.get()), "RSA");
  for (unsigned candidate = 3; candidate < 752; candidate += 2) {
    bool prime = true;
    for (unsigned divisor = 3; divisor * divisor <= candidate; divisor += 2)
      prime = prime && candidate % divisor != 0;
    if (prime) needed(BN_mul_word(product.get(), candidate), "RSA");
  }
  return product;
}

bool has_small_factor(const BIGNUM& n) {
  static const Number product = small_primes();
  const NumberContext context(needed(BN_CTX_new(), "RSA"));
  const Number divisor(needed(BN_new(), "RSA"));
  needed(BN_gcd(divisor.get(), &n, product.get(), context.get()), "RSA");
  return !BN_is_one(divisor.get());
}

void check_rsa(const KeyMaterial& key) {
  require(!key.n.empty() && key.n.front() != 0, "the RSA modulus is empty or has leading zeros");
  require(!key.e.empty() && key.e.front() != 0, "the RSA exponent is empty or has leading zeros");
  const int bits = key.bits();
  if (bits < min_rsa_bits || bits > max_rsa_bits) {
    refuse("an RSA key has 2048 to 8192 bits, this one has " + std::to_string(bits));
  }
  require((key.n.back() & 1) != 0, "the RSA modulus is even");
  start_openssl();
  const Number n = to_number(key.n), e = to_number(key.e);
  const bool sound =
      BN_is_odd(e.get()) && BN_num_bits(e.get()) >= 17 && BN_num_bits(e.get()) <= max_exponent_bits;
  require(sound, "the RSA exponent is even, below 65537 or above 64 bits");
  require(!has_small_factor(*n), "the RSA modulus has a small factor: it is no modulus");
  if (key.d.empty()) {
    require(key.p.empty() && key.q.empty(), "an RSA private key has all its parts");
    return;
  }
  const bool whole =
      !key.p.empty() && !key.q.empty() && !key.dp.empty() && !key.dq.empty() && !key.qi.empty();
  require(whole, "an RSA private key has all its parts: d p q dp dq qi");
  for (const auto* part : {&key.d, &key.p, &key.q, &key.dp, &key.dq, &key.qi}) {
    require(part->size() <= key.n.size(), "a part of the RSA private key is longer than its modulus");
  }
  check_rsa_private(key, *n, *e);
}

void check_hmac(const KeyMaterial& key) {
  const auto secret = key.k.reveal();
  if (secret.size() < min_hmac_bytes || secret.size() > max_hmac_bytes) {
    refuse("an HS256 key has 32 to 1024 bytes, this one has " + std::to_string(secret.size()),
           "authctl key generate --use jwt --alg HS256");
  }
  const bool flat =
      std::all_of(secret.begin(), secret.end(), [&](std::uint8_t byte) { return byte == secret.front(); });
  require(!flat, "every byte of the HS256 key is the same");
}

base::Secret rsa_part(const EVP_PKEY& pkey, const char* name) {
  BIGNUM* part = nullptr;
  needed(EVP_PKEY_get_bn_param(&pkey, name, &part), name);
  const Number owned(part);
  return to_secret(*owned);
}

KeyMaterial generate_rsa(int bits) {
  start_openssl();
  const KeyHandle pkey(needed(EVP_RSA_gen(static_cast<unsigned>(bits)), "RSA key generation"));
  KeyMaterial key;
  key.algorithm = Algorithm::rs256;
  const auto bytes = [&](const char* name) {
    const auto part = rsa_part(*pkey, name);
    return base::Bytes(part.reveal().begin(), part.reveal().end());
  };
  key.n = bytes(OSSL_PKEY_PARAM_RSA_N), key.e = bytes(OSSL_PKEY_PARAM_RSA_E);
  key.d = rsa_part(*pkey, OSSL_PKEY_PARAM_RSA_D);
  key.p = rsa_part(*pkey, OSSL_PKEY_PARAM_RSA_FACTOR1), key.q = rsa_part(*pkey, OSSL_PKEY_PARAM_RSA_FACTOR2);
  key.dp = rsa_part(*pkey, OSSL_PKEY_PARAM_RSA_EXPONENT1),
  key.dq = rsa_part(*pkey, OSSL_PKEY_PARAM_RSA_EXPONENT2);
  key.qi = rsa_part(*pkey, OSSL_PKEY_PARAM_RSA_COEFFICIENT1);
  return key;
}

KeyMaterial generate_ec(base::Random& random) {
  const P256 p256;
  KeyMaterial key;
  key.d = base::Secret::zeroed(curve_bytes);
  Number d;
  do {  // FIPS 186-5 A.2.2: again until it is in range, so that no value is likelier than another
    random.fill(key.d.writable());
    d = to_number(key.d.reveal());
  } while (!p256.has_scalar(*d));
  std::tie(key.x, key.y) = p256.multiply(*d);
  return key;
}

base::Secret random_secret(std::size_t size, base::Random& random) {
  auto secret = base::Secret::zeroed(size);
  random.fill(secret.writable());
  return secret;
}

}  // namespace

int check_bits(Algorithm algorithm, int bits) {
  const auto fits = [bits](int least, int most) { return bits >= least && bits <= most && bits % 8 == 0; };
  if (algorithm == Algorithm::rs256) {
    if (bits == 0) return min_rsa_bits;
    if (!fits(min_rsa_bits, max_rsa_bits))
      refuse("an RSA key has 2048 to 8192 bits, in steps of 8", "--bits 3072");
  } else if (algorithm == Algorithm::hs256) {
    if (bits == 0) return 256;
    if (!fits(256, 8192))
      refuse("an HS256 key has 256 to 8192 bits (32 to 1024 bytes), in steps of 8", "--bits 512");
  } else if (bits != 0 && bits != 256) {
    refuse("an " + std::string(name_of(algorithm)) + " key always has 256 bits", "leave --bits out");
  }
  return bits == 0 ? 256 : bits;
}

void complete_ec(KeyMaterial& key) {
  require(key.d.size() == curve_bytes, "a P-256 private key has 32 bytes");
  const P256 p256;
  const Number d = to_number(key.d.reveal());
  require(p256.has_scalar(*d), "the P-256 private key is out of range");
  std::tie(key.x, key.y) = p256.multiply(*d);
}

void complete_ed25519(KeyMaterial& key) {
  require(key.d.size() == curve_bytes, "an Ed25519 private key has 32 bytes");
  key.x = ed25519_public(key.d.reveal());
}

KeyMaterial generate_key(Algorithm algorithm, int bits, base::Random& random) {
  bits = check_bits(algorithm, bits);
  KeyMaterial key;
  switch (algorithm) {
    case Algorithm::rs256:
      return generate_rsa(bits);
    case Algorithm::es256:
      return generate_ec(random);
    case Algorithm::eddsa:
      key.d = random_secret(curve_bytes, random);
      complete_ed25519(key);
      break;
    case Algorithm::hs256:
      key.k = random_secret(static_cast<std::size_t>(bits) / 8, random);
      break;
  }
  key.algorithm = algorithm;
  return key;
}

void check_key(const KeyMaterial& key) {
  switch (key.algorithm) {
    case Algorithm::es256:
      return check_ec(key);
    case Algorithm::eddsa:
      return check_ed25519(key);
    case Algorithm::rs256:
      return check_rsa(key);
    case Algorithm::hs256:
      return check_hmac(key);
  }
}

}  // namespace authctl::crypto
