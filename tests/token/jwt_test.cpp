#include "core/token/jwt.h"

#include <set>

#include "core/base/error.h"
#include "tests/support/catch.h"
#include "tests/token/tokens.h"

using namespace authctl;
using namespace authctl::tests;
using crypto::Algorithm;
using token::Expectations;
using token::KeySet;
using token::KeyState;
using token::Reason;
using token::RequiredClaim;
using token::Verifier;
namespace json = base::json;

namespace {
const auto& es256() { return signing_key(Algorithm::es256); }
const auto& eddsa() { return signing_key(Algorithm::eddsa); }
std::string changed(const json::object& changes) { return reason_of(token_with(eddsa(), changes)); }
Expectations expecting(void (*change)(Expectations&)) {
  auto expectations = good_expectations();
  change(expectations);
  return expectations;
}
std::shared_ptr<KeySet> only(const token::Jwk& key, KeyState state = KeyState::active) {
  auto keys = std::make_shared<KeySet>();
  keys->add(key.clone(), state);
  return keys;
}
std::string judged(std::shared_ptr<const KeySet> keys, const std::string& token, Expectations expectations,
                   base::Timestamp now = at_noon()) {
  Verifier verifier(std::move(keys), std::move(expectations));
  const auto verdict = verifier.verify(token, now);
  return verdict.reason ? std::string(word_of(*verdict.reason)) : "valid";
}
}  // namespace

TEST_CASE("a token that our signer makes is valid, and its verdict says what is in it") {
  for (const auto algorithm : crypto::all_algorithms) {
    const auto& key = signing_key(algorithm);
    token::Signer signer(key);
    const auto text = signer.sign("at+jwt", good_claims());
    Verifier verifier(all_keys(), good_expectations());
    for (int round = 0; round < 3; ++round) {  // from the second on the header is remembered
      const auto verdict = verifier.verify(text, at_noon());
      CHECK(verdict.ok());
      CHECK(verdict.alg == key.alg());
      CHECK(verdict.kid == key.kid);
      CHECK(verdict.type == "access");
      REQUIRE(verdict.claims != nullptr);
      CHECK(*verdict.claims == good_claims());
      REQUIRE(verdict.header != nullptr);
      CHECK(verdict.header->at("typ") == "at+jwt");
    }
    CHECK(signer.sign("", json::object{})
              .starts_with(base::encode_base64url(base::bytes_of(R"({"alg":")" + std::string(key.alg()) +
                                                                 R"(","kid":")" + key.kid + "\"}"))));
  }
}

TEST_CASE("the verdict as JSON has valid reason alg kid type claims, and shows no unproven claim") {
  Verifier verifier(all_keys(), good_expectations());
  const auto text = token_with(eddsa());
  const auto good = token::verdict_json(verifier.verify(text, at_noon()));
  CHECK(json::serialize(good) ==
        R"({"valid":true,"reason":null,"alg":"EdDSA","kid":"key-EdDSA","type":"access","claims":)" +
            json::serialize(good_claims()) + "}");
  const auto late = token::verdict_json(verifier.verify(text, at_noon(900)));
  CHECK(late.at("reason") == "expired");
  CHECK(late.at("claims").is_object());
  auto forged = text;
  forged[forged.size() - 10] = forged[forged.size() - 10] == 'A' ? 'B' : 'A';
  const auto bad = token::verdict_json(verifier.verify(forged, at_noon()));
  CHECK(bad.at("valid") == false);
  CHECK(bad.at("reason") == "bad_signature");
  CHECK(bad.at("kid") == "key-EdDSA");
  CHECK(bad.at("claims").is_null());
  CHECK(bad.at("type").is_null());
  CHECK(json::serialize(token::verdict_json(verifier.verify("", at_noon()))) ==
        R"({"valid":false,"reason":"malformed","alg":null,"kid":null,"type":null,"claims":null})");
}

TEST_CASE("every reason is given, and the first that fits in the order of the contract") {
  // Each token has its fault and all later ones as well.
  std::set<std::string> seen;
  const auto& key = es256();
  const json::object all_wrong{
      {"type", "refresh"}, {"iss", "x"}, {"aud", "x"}, {"nbf", noon + 5}, {"exp", noon - 5}};
  const auto with = [&](json::object changes) { return token_with(key, changes); };
  auto wrong = all_wrong;
  const auto require_claim = expecting([](Expectations& e) { e.required = {{"missing", {}}}; });
  const auto see = [&](Reason reason, const std::string& given) {
    CHECK(given == word_of(reason));
    seen.insert(given);
  };
  auto broken = with(wrong);
  broken[broken.size() - 5] = broken[broken.size() - 5] == 'A' ? 'B' : 'A';
  see(Reason::malformed, reason_of(signed_token(key, R"({"alg":"none","kid":"?"})", R"({"exp":"soon"})")));
  see(Reason::unsupported_algorithm,
      reason_of(signed_token(key, R"({"alg":"none","kid":"?"})", R"({"exp":1})")));
  see(Reason::unknown_key, reason_of(signed_token(key, R"({"alg":"ES256","kid":"?"})", R"({"exp":1})")));
  see(Reason::revoked_key, judged(only(key, KeyState::revoked), broken, require_claim));
  see(Reason::bad_signature, reason_of(broken, require_claim));
  see(Reason::wrong_type, reason_of(with(wrong), require_claim));
  wrong["type"] = "access";
  see(Reason::wrong_issuer, reason_of(with(wrong), require_claim));
  wrong["iss"] = "https://auth.example";
  see(Reason::wrong_audience, reason_of(with(wrong), require_claim));
  wrong["aud"] = "https://api.example";
  see(Reason::missing_claim, reason_of(with(wrong), require_claim));
  see(Reason::not_yet_valid, reason_of(with(wrong)));
  wrong["nbf"] = noon;
  see(Reason::expired, reason_of(with(wrong)));
  Verifier verifier(all_keys(), good_expectations());
  const auto good = token_with(key);
  for (const auto reason : {Reason::revoked, Reason::user_disabled}) {
    auto verdict = verifier.verify(good, at_noon());
    REQUIRE(verdict.ok());
    verdict.refuse(reason);
    see(reason, std::string(word_of(*verdict.reason)));
    verdict.refuse(Reason::malformed);  // the first stays
    CHECK(verdict.reason == reason);
  }
  for (int i = 0; i < token::reason_count; ++i)
    CHECK(seen.count(std::string(word_of(static_cast<Reason>(i)))) == 1);
  CHECK(reason_of(good) == "valid");
}

TEST_CASE(
    "a key that is pending, active or retiring verifies; one that is revoked or past its end does not") {
  const auto text = token_with(eddsa());
  for (const auto state : {KeyState::pending, KeyState::active, KeyState::retiring}) {
    CHECK(judged(only(eddsa(), state), text, good_expectations()) == "valid");
    CHECK(token::key_state_named(word_of(state)) == state);
  }
  CHECK(judged(only(eddsa(), KeyState::revoked), text, good_expectations()) == "revoked_key");
  const auto retiring = std::make_shared<KeySet>();
  retiring->add(eddsa().clone(), KeyState::retiring, at_noon(10));
  CHECK(judged(retiring, text, good_expectations(), at_noon(9)) == "valid");
  CHECK(judged(retiring, text, good_expectations(), at_noon(10)) == "revoked_key");
  Verifier both(retiring, good_expectations());  // also where the header is remembered from before
  CHECK(both.verify(text, at_noon(9)).ok());
  CHECK(both.verify(text, at_noon(10)).reason == Reason::revoked_key);
}

TEST_CASE("two keys of one kid cannot be in a set, and an empty set knows no key") {
  auto keys = only(eddsa());
  CHECK_THROWS_AS(keys->add(eddsa().clone()), base::Error);
  CHECK(judged(std::make_shared<KeySet>(), token_with(eddsa()), good_expectations()) == "unknown_key");
}

TEST_CASE("a kid is required unless one key alone is asked") {
  const auto without =
      signed_token(eddsa(), R"({"alg":"EdDSA","typ":"at+jwt"})", json::serialize(good_claims()));
  const auto with = token_with(eddsa());
  auto nameless = eddsa().clone();
  nameless.kid.clear();
  auto renamed = eddsa().clone();
  renamed.kid = "other";
  const auto lax = expecting([](Expectations& e) { e.kid_required = false; });
  CHECK(reason_of(without) == "unknown_key");
  CHECK(reason_of(without, lax) == "unknown_key");  // four keys
  CHECK(judged(only(eddsa()), without, good_expectations()) == "unknown_key");
  CHECK(judged(only(eddsa()), without, lax) == "valid");
  CHECK(judged(only(nameless), without, lax) == "valid");
  CHECK(judged(only(nameless), with, lax) == "valid");
  CHECK(judged(only(renamed), with, lax) == "unknown_key");
}

TEST_CASE("A12: exp at now is expired, nbf and iat at now are valid, and the leeway moves both sides") {
  const auto leeway = expecting([](Expectations& e) { e.leeway = base::Duration(60); });
  const auto text = token_with(eddsa(), {{"exp", noon + 10}, {"nbf", noon - 10}, {"iat", noon - 20}});
  CHECK(reason_of(text, good_expectations(), at_noon(9)) == "valid");
  CHECK(reason_of(text, good_expectations(), at_noon(10)) == "expired");
  CHECK(reason_of(text, good_expectations(), at_noon(-10)) == "valid");
  CHECK(reason_of(text, good_expectations(), at_noon(-11)) == "not_yet_valid");
  CHECK(reason_of(text, leeway, at_noon(69)) == "valid");
  CHECK(reason_of(text, leeway, at_noon(70)) == "expired");
  CHECK(reason_of(text, leeway, at_noon(-70)) == "valid");
  CHECK(reason_of(text, leeway, at_noon(-71)) == "not_yet_valid");
  CHECK(changed({{"iat", noon + 1}}) == "not_yet_valid");
  CHECK(changed({{"exp", noon + 0.5}}) == "valid");
  CHECK(changed({{"exp", noon - 0.5}}) == "expired");
  CHECK(reason_of(token_with(eddsa(), {{"exp", noon + 0.5}}), good_expectations(),
                  at_noon() + std::chrono::milliseconds(500)) == "expired");
}

TEST_CASE("a NumericDate lies in 0 to 253402300799 and is a number") {
  for (const auto* name : {"exp", "nbf", "iat"}) {
    INFO(name);
    for (const char* bad : {"-1", "253402300800", "1e300", "-1e-9", "18446744073709551615",
                            "99999999999999999999", "null", "true", "\"1\"", "[]", "{}"}) {
      INFO(bad);
      CHECK(reason_of(signed_token(eddsa(), header_of(eddsa()),
                                   "{\"" + std::string(name) + "\":" + std::string(bad) + "}")) ==
            "malformed");
    }
  }
  CHECK(changed({{"exp", 253402300799}}) == "valid");
  CHECK(changed({{"exp", 0}}) == "expired");
}

TEST_CASE("registered claims of another JSON type, and an empty sub, are malformed") {
  for (const auto* bad : {R"({"iss":1})", R"({"iss":null})", R"({"sub":""})", R"({"sub":["a"]})",
                          R"({"jti":1})", R"({"aud":1})", R"({"aud":null})", R"({"aud":{"a":1}})",
                          R"({"aud":["a",1]})", R"([])", R"("x")", R"({}{})", "", " ", "null"}) {
    INFO(bad);
    CHECK(reason_of(signed_token(eddsa(), header_of(eddsa()), bad)) == "malformed");
  }
  CHECK(changed({{"aud", json::array{}}}) == "wrong_audience");
  CHECK(changed({{"type", 1}}) == "wrong_type");
  CHECK(changed({{"type", json::array{"access"}}}) == "wrong_type");
}

TEST_CASE("A6: issuer and audience are equal byte for byte, and any of the audiences will do") {
  CHECK(changed({{"aud", json::array{"x", "https://api.example"}}}) == "valid");
  for (const auto* aud :
       {"https://api.exampl", "https://api.example/", "HTTPS://api.example", "", "https://api.example,x"}) {
    CHECK(changed({{"aud", aud}}) == "wrong_audience");
  }
  CHECK(changed({{"aud", nullptr}}) == "wrong_audience");
  CHECK(changed({{"iss", nullptr}}) == "wrong_issuer");
  CHECK(changed({{"iss", "https://auth.example/"}}) == "wrong_issuer");
  const auto two = expecting([](Expectations& e) { e.audiences = {"a", "https://api.example"}; });
  CHECK(reason_of(token_with(eddsa()), two) == "valid");
  const auto none = expecting([](Expectations& e) { e.audiences = std::vector<std::string>{}; });
  CHECK(reason_of(token_with(eddsa()), none) == "wrong_audience");
  const auto any = expecting([](Expectations& e) { e.audiences.reset(), e.issuer.reset(); });
  CHECK(reason_of(token_with(eddsa(), {{"aud", nullptr}, {"iss", nullptr}}), any) == "valid");
}

TEST_CASE("exp is always required, and so is what --require names, with its value") {
  CHECK(changed({{"exp", nullptr}}) == "missing_claim");
  CHECK(changed({{"sub", nullptr}}) == "valid");
  const auto requiring = [](RequiredClaim claim) {
    auto expectations = good_expectations();
    expectations.required = {std::move(claim)};
    return expectations;
  };
  const auto text = token_with(eddsa(), {{"n", 7}, {"b", true}, {"s", "x"}, {"a", json::array{"x"}}});
  for (const RequiredClaim& met :
       {RequiredClaim{"s", {}}, {"s", "x"}, {"n", "7"}, {"b", "true"}, {"a", {}}, {"sub", "u1"}}) {
    CHECK(reason_of(text, requiring(met)) == "valid");
  }
  for (const RequiredClaim& missed : {RequiredClaim{"z", {}},
                                      {"z", ""},
                                      {"s", "X"},
                                      {"s", ""},
                                      {"n", "7.0"},
                                      {"a", "x"},
                                      {"a", "[\"x\"]"}}) {
    CHECK(reason_of(text, requiring(missed)) == "missing_claim");
  }
  CHECK(
      reason_of(
          signed_token(
              eddsa(), header_of(eddsa()),
              R"({"z":null,"exp":9999999999,"iss":"https://auth.example","aud":"https://api.example","type":"access"})"),
          requiring({"z", {}})) == "missing_claim");
}

TEST_CASE("A8: typ is a media type in any case, application/ may be left out, and the claim type is exact") {
  const auto typed = [](const std::string& typ) {
    return reason_of(signed_token(eddsa(), R"({"alg":"EdDSA","kid":"key-EdDSA","typ":)" + typ + "}",
                                  json::serialize(good_claims())));
  };
  for (const auto* good :
       {R"("at+jwt")", R"("AT+JWT")", R"("application/at+jwt")", R"("Application/At+Jwt")"})
    CHECK(typed(good) == "valid");
  for (const auto* bad : {R"("JWT")", R"("")", R"("at+jw")", R"("at+jwtx")", R"("text/at+jwt")",
                          R"("application/x/at+jwt")", R"("application/")"}) {
    CHECK(typed(bad) == "wrong_type");
  }
  for (const auto* bad : {"null", "1", R"(["at+jwt"])"}) CHECK(typed(bad) == "malformed");
  CHECK(reason_of(signed_token(eddsa(), R"({"alg":"EdDSA","kid":"key-EdDSA"})",
                               json::serialize(good_claims()))) == "wrong_type");
  for (const auto* type : {"refresh", "Access", "access ", ""})
    CHECK(changed({{"type", type}}) == "wrong_type");
  CHECK(changed({{"type", nullptr}}) == "wrong_type");
}

TEST_CASE("a token is as long as it may be and no longer") {
  const auto text = token_with(eddsa());
  auto expectations = good_expectations();
  expectations.max_bytes = text.size();
  CHECK(reason_of(text, expectations) == "valid");
  expectations.max_bytes = text.size() - 1;
  CHECK(reason_of(text, expectations) == "malformed");
  CHECK(reason_of(token_with(eddsa(), {{"x", std::string(16384, 'a')}})) == "malformed");
}

TEST_CASE("claims that outgrow the arena are read all the same, token after token") {
  Verifier verifier(all_keys(), good_expectations());
  json::array many;
  for (int i = 0; i < 3000; ++i) many.push_back(i % 10);
  const auto big = token_with(eddsa(), {{"many", many}}), small = token_with(eddsa());
  for (int round = 0; round < 3; ++round) {
    auto verdict = verifier.verify(big, at_noon());
    REQUIRE(verdict.ok());
    CHECK(verdict.claims->at("many").get_array().size() == 3000);
    verdict = verifier.verify(small, at_noon());
    REQUIRE(verdict.ok());
    CHECK(*verdict.claims == good_claims());
  }
}

TEST_CASE("headers are remembered only for themselves: one verifier, many kinds of token in turn") {
  Verifier verifier(all_keys(), good_expectations());
  std::vector<std::pair<std::string, std::string>> expected;
  for (const auto algorithm : crypto::all_algorithms) {
    const auto& key = signing_key(algorithm);
    expected.push_back({token_with(key), "valid"});
    expected.push_back({token_with(key, {{"exp", noon - 1}}), "expired"});
    expected.push_back(
        {signed_token(key, header_of(key, ",\"x\":1"), json::serialize(good_claims())), "valid"});
    expected.push_back(
        {signed_token(key, header_of(key, ",\"crit\":[]"), json::serialize(good_claims())), "malformed"});
    expected.push_back(
        {signed_token(signing_key(algorithm == Algorithm::eddsa ? Algorithm::es256 : Algorithm::eddsa),
                      header_of(key), json::serialize(good_claims())),
         "bad_signature"});
  }
  for (int round = 0; round < 3; ++round) {
    for (const auto& [text, reason] : expected) {
      const auto verdict = verifier.verify(text, at_noon());
      CHECK((verdict.reason ? word_of(*verdict.reason) : "valid") == reason);
    }
  }
}

TEST_CASE("inspection reads header and claims of any token that is well formed, and checks nothing") {
  const auto seen = token::inspect_token(token_with(eddsa(), {{"exp", noon - 100}}));
  REQUIRE(seen);
  CHECK(seen->header.at("alg") == "EdDSA");
  CHECK(seen->claims.at("sub") == "u1");
  CHECK(token::inspect_token("eyJhbGciOiJub25lIn0.e30."));
  for (const auto* bad : {"", ".", "..", "e30.e30.", "eyJhbGciOiJub25lIn0.e30", "eyJhbGciOiJub25lIn0.e30.x.y",
                          "eyJhbGciOiJub25lIn0.W10."}) {
    CHECK_FALSE(token::inspect_token(bad));
  }
}
