#include "tests/token/tokens.h"

#include <map>

namespace authctl::tests {

namespace json = base::json;

const token::Jwk& signing_key(crypto::Algorithm algorithm) {
  static std::map<crypto::Algorithm, token::Jwk> keys;
  auto found = keys.find(algorithm);
  if (found == keys.end()) {
    base::SystemRandom random;
    auto key = token::generate_jwk(algorithm, 0, random);
    key.kid = "key-" + std::string(key.alg());
    found = keys.emplace(algorithm, std::move(key)).first;
  }
  return found->second;
}

std::shared_ptr<const token::KeySet> all_keys() {
  static const auto keys = [] {
    auto set = std::make_shared<token::KeySet>();
    for (const auto algorithm : crypto::all_algorithms) set->add(signing_key(algorithm).clone());
    return set;
  }();
  return keys;
}

std::string signed_token(const token::Jwk& key, const std::string& header, const std::string& payload) {
  auto token =
      base::encode_base64url(base::bytes_of(header)) + "." + base::encode_base64url(base::bytes_of(payload));
  return token + "." + base::encode_base64url(crypto::Signer(key.material).sign(token));
}

std::string header_of(const token::Jwk& key, const std::string& more) {
  return R"({"alg":")" + std::string(key.alg()) + R"(","typ":"at+jwt","kid":")" + key.kid + "\"" + more + "}";
}

json::object good_claims(const json::object& changes) {
  json::object claims{{"iss", "https://auth.example"},
                      {"sub", "u1"},
                      {"aud", "https://api.example"},
                      {"exp", noon + 900},
                      {"iat", noon},
                      {"nbf", noon},
                      {"jti", "j1"},
                      {"type", "access"},
                      {"scope", "read"}};
  for (const auto& change : changes) {
    if (change.value().is_null()) {
      claims.erase(change.key());
    } else {
      claims[change.key()] = change.value();
    }
  }
  return claims;
}

std::string token_with(const token::Jwk& key, const json::object& changes) {
  return signed_token(key, header_of(key), json::serialize(good_claims(changes)));
}

token::Expectations good_expectations() {
  token::Expectations expectations;
  expectations.issuer = "https://auth.example";
  expectations.audiences = {"https://api.example"};
  expectations.type = "access";
  expectations.typ = "at+jwt";
  return expectations;
}

std::string reason_of(const std::string& token, const token::Expectations& expectations,
                      base::Timestamp now) {
  token::Verifier verifier(all_keys(), expectations);
  const auto verdict = verifier.verify(token, now);
  return verdict.reason ? std::string(word_of(*verdict.reason)) : "valid";
}

}  // namespace authctl::tests
