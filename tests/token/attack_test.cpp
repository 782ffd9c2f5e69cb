// The attacks on tokens and keys that are public knowledge, each with the answer it gets here. jwk_test,
// jwt_test and the vector sets hold the rest of A1 to A16 and B1 to B26.
#include <chrono>

#include "core/base/error.h"
#include "core/crypto/digest.h"
#include "tests/support/catch.h"
#include "tests/token/tokens.h"

using namespace authctl;
using namespace authctl::tests;
using crypto::Algorithm;
namespace json = base::json;

namespace {

const auto& es256() { return signing_key(Algorithm::es256); }
const auto& rs256() { return signing_key(Algorithm::rs256); }
const std::string claims = json::serialize(good_claims());

std::string encoded(std::string_view text) { return base::encode_base64url(base::bytes_of(text)); }
std::string unsigned_token(const std::string& header, const std::string& signature = "") {
  return encoded(header) + "." + encoded(claims) + "." + signature;
}
// A token whose HS256 signature was made with whatever bytes the attacker has.
std::string forged_with_secret(std::string_view secret, const std::string& kid) {
  token::Jwk forger{kid, {}};
  forger.material.algorithm = Algorithm::hs256;
  forger.material.k = base::Secret(secret);
  return signed_token(forger, header_of(forger), claims);
}
std::string with_header(const std::string& header) { return signed_token(es256(), header, claims); }
std::string es256_header(const std::string& more) { return header_of(es256(), more); }

}  // namespace

TEST_CASE("B1, A3: no spelling of none is an algorithm, with and without a signature") {
  for (const auto* none : {"none", "None", "NONE", "nOnE", "none ", " none", "none\\u0000", ""}) {
    for (const auto& key : all_keys()->entries()) {
      const auto header =
          R"({"alg":")" + std::string(none) + R"(","typ":"at+jwt","kid":")" + key.key.kid + "\"}";
      CHECK(reason_of(unsigned_token(header)) == "unsupported_algorithm");
      CHECK(reason_of(signed_token(key.key, header, claims)) == "unsupported_algorithm");
    }
  }
}

TEST_CASE("B2, B3: no public key, in any form, and no empty key is ever an HMAC secret") {
  for (const auto algorithm : {Algorithm::es256, Algorithm::eddsa, Algorithm::rs256}) {
    const auto& key = signing_key(algorithm);
    const auto pem = crypto::format_public_pem(key.material);
    const auto& m = key.material;
    // HMAC fills a key up with zeros: the last one is the empty key as well (RFC 2104 section 2).
    for (const std::string& secret :
         {pem, pem.substr(0, pem.size() - 1), json::serialize(token::public_jwk(key)),
          std::string(base::text_of(m.x)), std::string(base::text_of(m.n)), base::encode_base64url(m.x),
          base::encode_base64url(m.n), std::string(32, '\0')}) {
      if (secret.empty()) continue;  // a part that this key type does not have
      CHECK(reason_of(forged_with_secret(secret, key.kid)) == "unsupported_algorithm");
      CHECK(reason_of(forged_with_secret(secret, "key-HS256")) == "bad_signature");
    }
  }
  CHECK_THROWS_AS(token::parse_jwk(R"({"kty":"oct","alg":"HS256","k":""})"), base::Error);
  CHECK_THROWS_AS(token::parse_jwk(R"({"kty":"RSA","alg":"HS256","n":"AQAB","e":"AQAB"})"), base::Error);
}

TEST_CASE("B4, A2: a key answers to its one algorithm only") {
  for (const auto* alg :
       {"RS384", "RS512", "PS256", "ES384", "ES256K", "Ed25519", "HS256", "RS256", "EdDSA", "es256"}) {
    CHECK(reason_of(with_header(R"({"alg":")" + std::string(alg) +
                                R"(","typ":"at+jwt","kid":"key-ES256"})")) == "unsupported_algorithm");
  }
}

TEST_CASE("A1: a right signature of an algorithm that the caller does not allow is refused") {
  auto expectations = good_expectations();
  expectations.algorithms = {Algorithm::eddsa, Algorithm::rs256};
  CHECK(reason_of(token_with(es256()), expectations) == "unsupported_algorithm");
  CHECK(reason_of(token_with(rs256()), expectations) == "valid");
  expectations.algorithms = {};
  CHECK(reason_of(token_with(rs256()), expectations) == "unsupported_algorithm");
}

TEST_CASE("B5, B6: a kid is compared byte for byte and is nothing else") {
  const std::vector<std::string> kids{"../../../../dev/null",
                                      "/etc/passwd",
                                      "' OR '1'='1",
                                      "key-ES256' --",
                                      "| id",
                                      "`id`",
                                      "$(id)",
                                      "http://169.254.169.254/",
                                      "key-ES256\\u0000",
                                      "KEY-ES256",
                                      "key-ES256 ",
                                      " key-ES256",
                                      "key-ES25",
                                      "key-ES2566",
                                      "*",
                                      "%",
                                      "key\\r\\nX: y",
                                      "{{7*7}}",
                                      std::string(8192, 'k')};
  for (const auto& kid : kids) {
    CHECK(reason_of(with_header(R"({"alg":"ES256","typ":"at+jwt","kid":")" + kid + "\"}")) == "unknown_key");
  }
  for (const auto* kid : {"null", "1", "true", "[\"key-ES256\"]", "{}"}) {
    CHECK(reason_of(with_header(R"({"alg":"ES256","typ":"at+jwt","kid":)" + std::string(kid) + "}")) ==
          "malformed");
  }
  // An escaped spelling is the same string (RFC 8259 section 8.3).
  CHECK(reason_of(with_header(R"({"alg":"ES256","typ":"at+jwt","kid":"key\u002dES256"})")) == "valid");
}

TEST_CASE("B7, B8, A7: jwk, x5c, jku and x5u in a header choose nothing") {
  base::SystemRandom random;
  const auto attacker = token::generate_jwk(Algorithm::es256, 0, random);
  const token::Jwk pretender{es256().kid, attacker.material.clone()};
  const auto own = json::serialize(token::public_jwk(attacker));
  for (const auto& more : {",\"jwk\":" + own, std::string(R"(,"x5c":["MIIB"])"),
                           std::string(R"(,"jku":"https://evil.example/jwks.json")"),
                           std::string(R"(,"x5u":"file:///etc/passwd")"), std::string(R"(,"x5t":"AAAA")")}) {
    CHECK(reason_of(signed_token(attacker, header_of(attacker, more), claims)) == "unknown_key");
    CHECK(reason_of(signed_token(pretender, header_of(pretender, more), claims)) == "bad_signature");
    CHECK(reason_of(with_header(es256_header(more))) == "valid");  // they are merely ignored
  }
}

TEST_CASE("B9, B10, A9: crit, b64 and zip of any kind are refused") {
  for (const auto* more :
       {R"(,"crit":["exp"])", R"(,"crit":[])", R"(,"crit":null)", R"(,"crit":"b64")", R"(,"crit":["alg"])",
        R"(,"b64":false,"crit":["b64"])", R"(,"b64":true)", R"(,"zip":"DEF")", R"(,"\u0063rit":["x"])"}) {
    CHECK(reason_of(with_header(es256_header(more))) == "malformed");
  }
  const auto whole = token_with(es256());
  const auto first = whole.find('.'), second = whole.rfind('.');
  CHECK(reason_of(whole.substr(0, first + 1) + whole.substr(second)) == "malformed");  // detached
}

TEST_CASE("B11, A10: a member that stands twice, however it is spelled, refuses header and claims") {
  CHECK(reason_of(with_header(R"({"alg":"none","alg":"ES256","typ":"at+jwt","kid":"key-ES256"})")) ==
        "malformed");
  CHECK(reason_of(with_header(R"({"alg":"ES256","\u0061lg":"ES256","typ":"at+jwt","kid":"key-ES256"})")) ==
        "malformed");
  const auto doubled = claims.substr(0, claims.size() - 1);
  for (const auto* more : {R"(,"sub":"admin"})", R"(,"s\u0075b":"admin"})", R"(,"x":{"a":1,"a":2}})",
                           R"(,"x":[{"a":1,"\u0061":2}]})"}) {
    CHECK(reason_of(signed_token(es256(), header_of(es256()), doubled + more)) == "malformed");
  }
}

TEST_CASE("A10: a byte order mark, other encodings and trailing bytes are refused") {
  for (const auto& bad : {"\xef\xbb\xbf" + claims, claims + "x", claims + "{}", claims + std::string(1, '\0'),
                          std::string("{\"sub\":\"\xff\"}"), std::string("{\"sub\":\"\xc0\xaf\"}"),
                          std::string("{\"sub\":\"\xed\xa0\x80\"}"), std::string("{\"sub\":\"\\ud800\"}"),
                          std::string("{'sub':1}"), std::string("{\"a\":NaN}"), std::string("{\"a\":01}"),
                          std::string("{\"a\":1,}"), std::string("{/**/}")}) {
    CHECK(reason_of(signed_token(es256(), header_of(es256()), bad)) == "malformed");
  }
}

TEST_CASE("B12: nesting is refused from depth 33 on, at any depth in no time and constant stack") {
  const auto nested = [](int depth) {
    return claims.substr(0, claims.size() - 1) +
           ",\"x\":" + std::string(static_cast<std::size_t>(depth), '[') +
           std::string(static_cast<std::size_t>(depth), ']') + "}";
  };
  CHECK(reason_of(signed_token(es256(), header_of(es256()), nested(31))) == "valid");
  CHECK(reason_of(signed_token(es256(), header_of(es256()), nested(32))) == "malformed");
  auto expectations = good_expectations();
  expectations.max_bytes = std::size_t{1} << 30;
  for (const int depth : {5000, 1000000}) {
    CHECK(reason_of(signed_token(es256(), header_of(es256()), nested(depth)), expectations) == "malformed");
    CHECK(reason_of(with_header(es256_header(",\"x\":" + std::string(static_cast<std::size_t>(depth), '['))),
                    expectations) == "malformed");
  }
}

TEST_CASE("B13: 100,000 dots, 60 KB headers and megabytes are refused by their length") {
  for (const auto& text :
       {std::string(100000, '.'), std::string(60000, 'e') + ".e30.AA", std::string(300 << 20, 'A'),
        std::string(1, '.'), std::string("..."), std::string(16000, '.')}) {
    CHECK(reason_of(text) == "malformed");
  }
}

TEST_CASE("B14, A11: one token has one text: no padding, blank, other alphabet or spare bit") {
  const auto good = token_with(es256());
  REQUIRE(reason_of(good) == "valid");
  const auto first = good.find('.'), second = good.rfind('.');
  for (const std::size_t end : {first, second, good.size()}) {
    for (const auto* added : {"=", "==", " ", "\n", "\r\n", "\t", "+", "/", "%2E", ".", "\xc2\xa0"}) {
      auto text = good;
      text.insert(end, added);
      CHECK(reason_of(text) == "malformed");
    }
  }
  CHECK(reason_of("Bearer " + good) == "malformed");
  CHECK(reason_of("\"" + good + "\"") == "malformed");
  // 64 bytes end in a character that holds four spare bits: fifteen other spellings of the same signature.
  int refused = 0;
  for (const char c : std::string_view("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")) {
    auto text = good;
    text.back() = c;
    if (text != good) refused += reason_of(text) != "valid" ? 1 : 0;
  }
  CHECK(refused == 63);
}

TEST_CASE("B19, B20: a MAC is compared whole and with the constant-time comparison") {
  const auto good = token_with(signing_key(Algorithm::hs256));
  const auto dot = good.rfind('.');
  const auto mac = *base::decode_base64url(good.substr(dot + 1));
  for (std::size_t size = 0; size < mac.size(); ++size) {
    CHECK(reason_of(good.substr(0, dot + 1) + base::encode_base64url(base::ByteView(mac).first(size))) ==
          "bad_signature");
  }
}

TEST_CASE("B22, B23: a token for somebody else or something else is refused") {
  CHECK(reason_of(token_with(es256(), {{"aud", json::array{"https://other.example"}}})) == "wrong_audience");
  for (const auto* type : {"refresh", "id", "mfa", "logout"}) {
    CHECK(reason_of(token_with(es256(), {{"type", type}})) == "wrong_type");
    auto expectations = good_expectations();
    expectations.type = type;
    CHECK(reason_of(token_with(es256()), expectations) == "wrong_type");
  }
  CHECK(reason_of(with_header(R"({"alg":"ES256","typ":"JWT","kid":"key-ES256"})")) == "wrong_type");
  CHECK(reason_of(with_header(R"({"alg":"ES256","typ":"secevent+jwt","kid":"key-ES256"})")) == "wrong_type");
}

TEST_CASE("B25: a key that was revoked verifies nothing, also for a verifier that knows its header") {
  const auto text = token_with(es256());
  auto keys = std::make_shared<token::KeySet>();
  keys->add(es256().clone(), token::KeyState::active, at_noon(60));
  token::Verifier verifier(keys, good_expectations());
  CHECK(verifier.verify(text, at_noon(59)).ok());
  CHECK(verifier.verify(text, at_noon(60)).reason == token::Reason::revoked_key);
}

TEST_CASE("a token that is cut or changed anywhere is refused: every byte of every algorithm's token") {
  for (const auto algorithm : crypto::all_algorithms) {
    const auto good = token_with(signing_key(algorithm));
    token::Verifier verifier(all_keys(), good_expectations());
    REQUIRE(verifier.verify(good, at_noon()).ok());
    for (std::size_t i = 0; i < good.size(); ++i) {
      CHECK_FALSE(verifier.verify(std::string_view(good).substr(0, i), at_noon()).ok());
      auto changed = good;
      changed[i] = changed[i] == 'A' ? 'B' : 'A';
      CHECK_FALSE(verifier.verify(changed, at_noon()).ok());
    }
  }
}
