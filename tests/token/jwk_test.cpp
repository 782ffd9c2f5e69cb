#include "core/token/jwk.h"

#include "core/base/error.h"
#include "tests/support/catch.h"
#include "tests/support/vectors.h"

using namespace authctl;
using crypto::Algorithm;
using token::BrokenKeys;
using token::Jwk;
namespace json = base::json;

namespace {

base::SystemRandom random_source;

std::string_view text_of(const json::value& value) { return value.get_string(); }

// The message of the refusal, or nothing where it was taken.
template <class Work>
std::optional<std::string> refusal(Work work) {
  try {
    work();
  } catch (const base::Error& error) {
    CHECK(error.code() == base::ErrorCode::invalid);
    return error.message();
  }
  return std::nullopt;
}

// One RSA key for the whole file: making one takes a tenth of a second.
const Jwk& rsa_key() {
  static const Jwk key = token::generate_jwk(Algorithm::rs256, 2048, random_source);
  return key;
}
Jwk key_of(Algorithm algorithm) {
  return algorithm == Algorithm::rs256 ? rsa_key().clone() : token::generate_jwk(algorithm, 0, random_source);
}
bool same_key(const Jwk& a, const Jwk& b) {
  return a.kid == b.kid && a.alg() == b.alg() && a.is_private() == b.is_private() &&
         a.thumbprint() == b.thumbprint();
}

}  // namespace

TEST_CASE("every JWK made for this project is taken or refused as its case says") {
  const auto cases = tests::read_json_file(tests::made_vector("jwk-made/jwk-cases.json"));
  for (const auto& entry : cases.get_array()) {
    const auto& test = entry.get_object();
    const std::string_view expect = text_of(test.at("expect")), name = text_of(test.at("name"));
    INFO(name << ": " << expect);
    std::optional<Jwk> key;
    const auto refused = refusal([&] { key = token::parse_jwk(json::serialize(test.at("jwk"))); });
    if (expect == "accept" || expect == "accept-without-fetching" || expect == "must-not-publish") {
      INFO(refused.value_or(""));
      REQUIRE(key);
      if (test.contains("thumbprint_s256")) CHECK(key->thumbprint() == text_of(test.at("thumbprint_s256")));
      if (expect == "must-not-publish") CHECK(refusal([&] { token::public_jwk(*key); }));
    } else {  // reject, reject-for-signing; policy: e = 3 and an HS256 key of zeros are refused
      CHECK(refused);
    }
  }
}

TEST_CASE("every JWK set made for this project is taken or refused as its case says") {
  const auto cases = tests::read_json_file(tests::made_vector("jwk-made/jwks-cases.json"));
  for (const auto& entry : cases.get_array()) {
    const auto& test = entry.get_object();
    const std::string_view expect = text_of(test.at("expect")), text = text_of(test.at("text"));
    INFO(text_of(test.at("name")));
    for (const auto broken : {BrokenKeys::refuse, BrokenKeys::skip}) {
      std::vector<Jwk> keys;
      const auto refused = refusal([&] { keys = token::parse_jwks(text, broken); });
      CHECK(refused.has_value() == (expect == "reject"));
      if (expect == "accept-empty") CHECK(keys.empty());
      if (expect == "accept-skip-bad") CHECK(keys.size() == 1);
    }
  }
}

TEST_CASE("every PEM text made for this project is taken or refused as its case says") {
  const base::Secret passphrase(std::string_view("test-pass")), wrong(std::string_view("wrong-pass"));
  const auto cases = tests::read_json_file(tests::made_vector("jwk-made/pem-cases.json"));
  for (const auto& entry : cases.get_array()) {
    const auto& test = entry.get_object();
    const std::string_view expect = text_of(test.at("expect")), pem = text_of(test.at("pem"));
    INFO(text_of(test.at("name")));
    std::vector<Jwk> keys;
    const auto refused = refusal([&] { keys = token::parse_keys(pem); });
    if (expect == "accept-with-passphrase") {
      CHECK(refused);
      CHECK(refusal([&] { token::parse_keys(pem, &wrong); }));
      keys = token::parse_keys(pem, &passphrase);
    } else {
      CHECK(refused.has_value() == (expect == "reject"));
    }
    if (expect.starts_with("accept")) {
      REQUIRE(keys.size() == 1);
      CHECK(keys[0].thumbprint() == text_of(test.at("thumbprint_s256")));
      CHECK(keys[0].kid.empty());
    }
    if (expect == "reject-as-private") {
      CHECK_FALSE(keys.at(0).is_private());
      CHECK(refusal([&] { crypto::Signer signer(keys[0].material); }));
    }
  }
}

TEST_CASE("the thumbprint of RFC 7638 section 3.1 and of RFC 8037 appendix A.3 come out right") {
  const auto folder = tests::published_vectors("rfc-jose");
  if (!folder) return;
  CHECK(token::parse_jwk(tests::read_text(*folder + "/rfc7638_3.1.jwk")).thumbprint() ==
        tests::read_text(*folder + "/rfc7638_3.1.thp").substr(0, 43));
  CHECK(token::parse_jwk(R"({"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"})")
            .thumbprint() == "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
}

TEST_CASE("a key comes back the same through JWK, PEM and a set, with and without its private half") {
  for (const auto algorithm : crypto::all_algorithms) {
    INFO(crypto::name_of(algorithm));
    const Jwk key = key_of(algorithm);
    CHECK(key.kid == key.thumbprint());
    CHECK(same_key(key, token::parse_jwk(token::format_private_jwk(key).reveal_text())));
    const Jwk* const list[] = {&key};
    CHECK(same_key(key, token::parse_jwks(token::format_private_jwks(list).reveal_text()).at(0)));
    if (is_symmetric(algorithm)) {
      CHECK(refusal([&] { crypto::format_private_pem(key.material); }));
      continue;
    }
    const auto half = token::parse_jwk(json::serialize(token::public_jwk(key)));
    CHECK_FALSE(half.is_private());
    CHECK(half.thumbprint() == key.thumbprint());
    const auto from_pem = crypto::parse_pem(crypto::format_private_pem(key.material).reveal_text());
    CHECK(Jwk{{}, from_pem.clone()}.thumbprint() == key.thumbprint());
    CHECK(from_pem.d == key.material.d);
    CHECK(Jwk{{}, crypto::parse_pem(crypto::format_public_pem(key.material))}.thumbprint() ==
          key.thumbprint());
  }
}

TEST_CASE("A13, B24: what is published has public members only and never a symmetric key") {
  std::vector<Jwk> keys;
  for (const auto algorithm : crypto::all_algorithms) keys.push_back(key_of(algorithm));
  std::vector<const Jwk*> list;
  for (const auto& key : keys) list.push_back(&key);
  const auto published = token::public_jwks(list);
  REQUIRE(published.at("keys").get_array().size() == 3);
  for (const auto& member : published.at("keys").get_array()) {
    for (const auto* name : {"d", "p", "q", "dp", "dq", "qi", "k", "oth"})
      CHECK_FALSE(member.get_object().contains(name));
    CHECK(text_of(member.at("use")) == "sig");
    CHECK(member.get_object().contains("kid"));
  }
  CHECK(refusal([&] { token::public_jwk(keys.at(3)); }));
}

TEST_CASE("A5: no key below the floor is made") {
  CHECK(refusal([] { token::generate_jwk(Algorithm::rs256, 1024, random_source); }));
  CHECK(refusal([] { token::generate_jwk(Algorithm::rs256, 16384, random_source); }));
  CHECK(refusal([] { token::generate_jwk(Algorithm::rs256, 2049, random_source); }));
  CHECK(refusal([] { token::generate_jwk(Algorithm::hs256, 128, random_source); }));
  CHECK(refusal([] { token::generate_jwk(Algorithm::hs256, 8200, random_source); }));
  CHECK(refusal([] { token::generate_jwk(Algorithm::es256, 384, random_source); }));
  CHECK(token::generate_jwk(Algorithm::hs256, 8192, random_source).bits() == 8192);
}

TEST_CASE("an algorithm that is not one of ours says unsupported_algorithm") {
  for (const auto* text :
       {R"({"kty":"RSA","alg":"PS256","n":"AQAB","e":"AQAB"})", R"({"kty":"AKP","alg":"ML-DSA-44"})",
        R"({"kty":"EC","crv":"P-384","x":"AA","y":"AA"})", R"({"kty":"oct","alg":"HS512","k":"AA"})",
        R"({"kty":"OKP","crv":"Ed448","x":"AA"})"}) {
    CHECK(refusal([&] { token::parse_jwk(text); }).value_or("").starts_with("unsupported_algorithm"));
  }
}

TEST_CASE("a set refuses its unusable members when it is imported and passes them over when it verifies") {
  const Jwk key = key_of(Algorithm::eddsa);
  const auto good = json::serialize(token::public_jwk(key));
  for (const std::string bad :
       {R"({"kty":"oct","k":"AA"})", R"({"kty":"EC","crv":"P-521","x":"AA","y":"AA"})",
        R"({"kty":"RSA","n":"AQAB","e":"AQAB"})", R"({"kty":"RSA","use":"enc","n":"AQAB","e":"AQAB"})"}) {
    const auto set = "{\"keys\":[" + bad + "," + good + "]}";
    CHECK(refusal([&] { token::parse_jwks(set); }));
    CHECK(token::parse_jwks(set, BrokenKeys::skip).size() == 1);
  }
}

TEST_CASE("a description names kty alg bits private thumbprint kid") {
  const Jwk key = key_of(Algorithm::es256);
  const auto shown = token::describe_jwk({{}, key.material.public_part()});
  CHECK(json::serialize(shown) == R"({"kty":"EC","alg":"ES256","bits":256,"private":false,"thumbprint":")" +
                                      key.thumbprint() + R"(","kid":null})");
}
