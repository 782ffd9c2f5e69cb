#include "core/crypto/sealing.h"

#include "core/base/error.h"
#include "tests/support/catch.h"

using namespace authctl;
using crypto::Place;
using crypto::Sealer;

namespace {
base::SystemRandom random_source;
const Place place{"crypto_key", "sealed", "k1"};

base::ErrorCode code_of_opening(const Sealer& sealer, const base::Bytes& sealed, const Place& where) {
  try {
    sealer.open(sealed, where);
  } catch (const base::Error& error) {
    return error.code();
  }
  return base::ErrorCode::internal;  // it opened
}
}  // namespace

TEST_CASE("what was sealed for a place opens there, also when it is empty") {
  const Sealer sealer(crypto::make_sealing_key(random_source));
  for (const std::string_view plain : {"", "x", "a private key"}) {
    const auto sealed = sealer.seal(base::bytes_of(plain), place, random_source);
    CHECK(sealed.size() == plain.size() + 41);
    CHECK(sealer.open(sealed, place).reveal_text() == plain);
  }
}

TEST_CASE("a sealed value that was moved, altered, cut or belongs to another key does not open") {
  const Sealer sealer(crypto::make_sealing_key(random_source)),
      other(crypto::make_sealing_key(random_source));
  const auto sealed = sealer.seal(base::bytes_of("secret"), place, random_source);
  CHECK(code_of_opening(sealer, sealed, {"crypto_key", "sealed", "k2"}) == base::ErrorCode::unverified);
  CHECK(code_of_opening(sealer, sealed, {"crypto_keys", "ealed", "k1"}) == base::ErrorCode::unverified);
  CHECK(code_of_opening(other, sealed, place) == base::ErrorCode::unverified);
  for (std::size_t i = 0; i < sealed.size(); ++i) {
    auto altered = sealed;
    altered[i] ^= 1;
    CHECK(code_of_opening(sealer, altered, place) == base::ErrorCode::unverified);
    CHECK(code_of_opening(sealer, {sealed.begin(), sealed.begin() + static_cast<long>(i)}, place) ==
          base::ErrorCode::unverified);
  }
}

TEST_CASE("two sealings of one value differ") {
  const Sealer sealer(crypto::make_sealing_key(random_source));
  CHECK(sealer.seal(base::bytes_of("x"), place, random_source) !=
        sealer.seal(base::bytes_of("x"), place, random_source));
}

TEST_CASE("derived keys differ by purpose and by key, and are the same each time") {
  const auto key = crypto::make_sealing_key(random_source);
  const Sealer sealer(key.clone()), other(crypto::make_sealing_key(random_source));
  CHECK(sealer.derive("index") == sealer.derive("index"));
  CHECK_FALSE(sealer.derive("index") == sealer.derive("audit"));
  CHECK_FALSE(sealer.derive("index") == other.derive("index"));
  CHECK_FALSE(sealer.derive("") == key);
}

TEST_CASE("a master key is 43 characters of base64url and one line end") {
  const auto key = crypto::make_sealing_key(random_source);
  const auto text = crypto::format_master_key(key);
  CHECK(crypto::parse_master_key(base::Secret(text)) == key);
  CHECK(crypto::parse_master_key(base::Secret(text + "\n")) == key);
  CHECK(crypto::parse_master_key(base::Secret(text + "\r\n")) == key);
  for (const auto& bad : {std::string(), text + "\n\n", text + "=", text.substr(1), text + "A", " " + text,
                          std::string(42, 'A') + "B"}) {
    CHECK_THROWS_AS(crypto::parse_master_key(base::Secret(bad)), base::Error);
  }
  CHECK(crypto::master_key_id(key) == crypto::master_key_id(key.clone()));
  CHECK(crypto::master_key_id(key).find(text) == std::string::npos);
  CHECK_THROWS_AS(Sealer(base::Secret(std::string_view("short"))), base::Error);
}
