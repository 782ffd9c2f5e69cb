// Project Wycheproof at the layer of bare signatures.
#include "core/base/error.h"
#include "core/crypto/keypair.h"
#include "tests/support/catch.h"
#include "tests/support/vectors.h"

using namespace authctl;
using crypto::Algorithm;
using crypto::KeyMaterial;
namespace json = boost::json;

namespace {

std::string_view text_of(const json::value& value) { return value.get_string(); }
base::Bytes hex(const json::value& value) { return *base::decode_hex(text_of(value)); }

// `expect`, for a signature that upstream calls "acceptable", is what RFC 8017 section 8.2.2 gives: no.
void check_tests(const json::object& group, crypto::Verifier verifier, int& judged) {
  for (const auto& entry : group.at("tests").get_array()) {
    const auto message = hex(entry.at("msg"));
    INFO("tcId " << json::serialize(entry.at("tcId")) << " " << text_of(entry.at("comment")));
    CHECK(verifier.verify(base::text_of(message), hex(entry.at("sig"))) ==
          (text_of(entry.at("result")) == "valid"));
    ++judged;
  }
}

}  // namespace

TEST_CASE("Wycheproof: ECDSA P-256 in P1363 form") {
  const auto folder = tests::published_vectors("wycheproof");
  if (!folder) return;
  const auto file = tests::read_json_file(*folder + "/ecdsa_secp256r1_sha256_p1363_test.json");
  int judged = 0;
  for (const auto& entry : file.at("testGroups").get_array()) {
    const auto point = hex(entry.at("publicKey").at("uncompressed"));
    KeyMaterial key;
    key.x.assign(point.begin() + 1, point.begin() + 33);
    key.y.assign(point.begin() + 33, point.end());
    crypto::check_key(key);
    check_tests(entry.get_object(), crypto::Verifier(key), judged);
  }
  CHECK(judged > 100);
}

TEST_CASE("Wycheproof: Ed25519") {
  const auto folder = tests::published_vectors("wycheproof");
  if (!folder) return;
  const auto file = tests::read_json_file(*folder + "/ed25519_test.json");
  int judged = 0;
  for (const auto& entry : file.at("testGroups").get_array()) {
    KeyMaterial key;
    key.algorithm = Algorithm::eddsa;
    key.x = hex(entry.at("publicKey").at("pk"));
    check_tests(entry.get_object(), crypto::Verifier(key), judged);
  }
  CHECK(judged > 50);
}

TEST_CASE("Wycheproof: RSASSA-PKCS1-v1_5 with SHA-256") {
  const auto folder = tests::published_vectors("wycheproof");
  if (!folder) return;
  for (const auto* name : {"/rsa_signature_2048_sha256_test.json", "/rsa_signature_3072_sha256_test.json"}) {
    const auto file = tests::read_json_file(*folder + name);
    int judged = 0;
    for (const auto& entry : file.at("testGroups").get_array()) {
      const auto& group = entry.get_object();
      KeyMaterial key;
      key.algorithm = Algorithm::rs256;
      key.n = hex(group.at("publicKey").at("modulus"));
      key.e = hex(group.at("publicKey").at("publicExponent"));
      while (key.n.front() == 0) key.n.erase(key.n.begin());
      // e = 3 is refused at the door (FIPS 186-5); its signatures are judged all the same.
      if (key.e == base::Bytes{3}) CHECK_THROWS_AS(crypto::check_key(key), base::Error);
      check_tests(group, crypto::Verifier(key), judged);
    }
    CHECK(judged > 100);
  }
}

TEST_CASE("Wycheproof: HMAC-SHA256, of which HS256 takes the whole 32 bytes only") {
  const auto folder = tests::published_vectors("wycheproof");
  if (!folder) return;
  const auto file = tests::read_json_file(*folder + "/hmac_sha256_test.json");
  int judged = 0;
  for (const auto& entry : file.at("testGroups").get_array()) {
    const bool whole = entry.at("tagSize").to_number<int>() == 256;
    for (const auto& test : entry.at("tests").get_array()) {
      KeyMaterial key;
      key.algorithm = Algorithm::hs256;
      key.k = base::Secret(base::ByteView(hex(test.at("key"))));
      const auto message = hex(test.at("msg"));
      INFO("tcId " << json::serialize(test.at("tcId")));
      const bool good = crypto::Verifier(key).verify(base::text_of(message), hex(test.at("tag")));
      CHECK(good == (whole && text_of(test.at("result")) == "valid"));
      ++judged;
    }
  }
  CHECK(judged > 50);
}
