#include "core/crypto/keypair.h"

#include "core/base/error.h"
#include "core/crypto/der.h"
#include "tests/support/catch.h"

using namespace authctl;
using crypto::Algorithm;
using crypto::DerReader;
using crypto::KeyMaterial;

namespace {
base::SystemRandom random_source;
bool refused(const KeyMaterial& key) {
  try {
    crypto::check_key(key);
  } catch (const base::Error& error) {
    return error.code() == base::ErrorCode::invalid;
  }
  return false;
}
}  // namespace

TEST_CASE("a generated key passes its own checks and has the asked-for size") {
  for (const auto algorithm : crypto::all_algorithms) {
    const auto key = crypto::generate_key(algorithm, 0, random_source);
    CHECK_FALSE(refused(key));
    CHECK(key.bits() == (algorithm == Algorithm::rs256 ? 2048 : 256));
    CHECK(key.is_private());
  }
}

TEST_CASE("the private half of one key with the public half of another is refused") {
  for (const auto algorithm : {Algorithm::es256, Algorithm::eddsa, Algorithm::rs256}) {
    auto key = crypto::generate_key(algorithm, 0, random_source);
    const auto other = crypto::generate_key(algorithm, 0, random_source);
    key.x = other.x, key.y = other.y, key.n = other.n;
    CHECK(refused(key));
  }
}

TEST_CASE("each part of an RSA private key is compared with the others") {
  const auto good = crypto::generate_key(Algorithm::rs256, 2048, random_source);
  for (auto part : {&KeyMaterial::d, &KeyMaterial::p, &KeyMaterial::q, &KeyMaterial::dp, &KeyMaterial::dq,
                    &KeyMaterial::qi}) {
    auto altered = good.clone();
    (altered.*part).writable().back() ^= 2;
    CHECK(refused(altered));
    auto missing = good.clone();
    missing.*part = base::Secret();
    if (part != &KeyMaterial::d) CHECK(refused(missing));
  }
  auto half = good.clone();
  half.d = base::Secret();
  CHECK(refused(half));
}

TEST_CASE("A5: weak keys are refused: short or flat secrets, small or even RSA numbers") {
  KeyMaterial hmac;
  hmac.algorithm = Algorithm::hs256;
  for (const std::size_t size : {std::size_t{0}, std::size_t{1}, std::size_t{31}, std::size_t{1025}}) {
    hmac.k = base::Secret::zeroed(size);
    if (size > 0) hmac.k.writable()[0] = 1;
    CHECK(refused(hmac));
  }
  hmac.k = base::Secret::zeroed(32);
  CHECK(refused(hmac));
  hmac.k.writable()[31] = 1;
  CHECK_FALSE(refused(hmac));

  const auto rsa = crypto::generate_key(Algorithm::rs256, 2048, random_source).public_part();
  for (const base::Bytes& e : {base::Bytes{}, base::Bytes{1}, base::Bytes{3}, base::Bytes{1, 0, 0},
                               base::Bytes{0, 1, 0, 1}, base::Bytes(9, 0xff)}) {
    auto weak = rsa.clone();
    weak.e = e;
    CHECK(refused(weak));
  }
  auto even = rsa.clone();
  even.n.back() &= 0xfe;
  CHECK(refused(even));
}

TEST_CASE("DER has one spelling: long forms of short lengths, spare zeros and trailing bytes are refused") {
  const auto number = [](base::Bytes bytes) {
    DerReader reader(bytes);
    const auto taken = reader.take_number();
    return taken && reader.at_end();
  };
  CHECK(number({2, 1, 5}));
  CHECK(number({2, 1, 0}));
  CHECK(number({2, 2, 0, 0x80}));
  CHECK_FALSE(number({2, 1, 0x80}));     // negative
  CHECK_FALSE(number({2, 2, 0, 5}));     // spare zero
  CHECK_FALSE(number({2, 0x81, 1, 5}));  // long form
  CHECK_FALSE(number({2, 0x82, 0, 1, 5}));
  CHECK_FALSE(number({2, 0x80, 5, 0, 0}));  // indefinite
  CHECK_FALSE(number({2, 2, 5}));
  CHECK_FALSE(number({2, 0}));
  CHECK_FALSE(number({2, 1, 5, 0}));
  CHECK_FALSE(number({}));
  CHECK_FALSE(number({2}));
}

TEST_CASE("no prefix of a PEM text is a key, and no changed label") {
  const auto key = crypto::generate_key(Algorithm::es256, 0, random_source);
  const auto secret = crypto::format_private_pem(key);
  const std::string pem(secret.reveal_text());
  REQUIRE_NOTHROW(crypto::parse_pem(pem));
  for (std::size_t size = 0; size + 1 < pem.size(); ++size) {
    CHECK_THROWS_AS(crypto::parse_pem(pem.substr(0, size)), base::Error);
  }
  CHECK_THROWS_AS(crypto::parse_pem(pem + "x"), base::Error);
  CHECK_THROWS_AS(crypto::parse_pem(pem + pem), base::Error);
  CHECK_THROWS_AS(crypto::parse_pem(" " + pem), base::Error);
}

TEST_CASE("an EC private key without its public half gets the right one") {
  auto key = crypto::generate_key(Algorithm::es256, 0, random_source);
  const auto x = key.x, y = key.y;
  key.x.clear(), key.y.clear();
  crypto::complete_ec(key);
  CHECK(key.x == x);
  CHECK(key.y == y);
}
