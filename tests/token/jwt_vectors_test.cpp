// Vector sets that speak of whole JWTs: made here (jwt-made), RFC 7519 and the refusals among the RFCs'
// examples.
#include "core/base/error.h"
#include "tests/support/catch.h"
#include "tests/support/vectors.h"
#include "tests/token/tokens.h"

using namespace authctl;
namespace json = base::json;

namespace {

std::string_view text_of(const json::value& value) { return value.get_string(); }

std::shared_ptr<token::KeySet> set_of(std::vector<token::Jwk> keys) {
  auto set = std::make_shared<token::KeySet>();
  for (auto& key : keys) set->add(std::move(key));
  return set;
}

// The policy of jwt-made: its claim `token_use` is one of the required ones here.
token::Expectations expectations_of(const json::object& policy) {
  token::Expectations e;
  e.issuer = std::string(text_of(policy.at("issuer")));
  e.audiences = {std::string(text_of(policy.at("audience")))};
  e.typ = text_of(policy.at("typ"));
  e.leeway = base::Duration(policy.at("leeway").to_number<std::int64_t>());
  e.max_bytes = policy.at("max_token_bytes").to_number<std::size_t>();
  e.required = {{"token_use", std::string(text_of(policy.at("token_use")))}, {"iat", {}}, {"sub", {}}};
  e.algorithms.clear();
  for (const auto& name : policy.at("algs").get_array())
    e.algorithms.push_back(*crypto::algorithm_named(text_of(name)));
  return e;
}

// The reasons that a category of jwt-made may be refused for, where the page of the contract leaves one only.
bool reason_fits(std::string_view category, token::Reason reason) {
  using token::Reason;
  if (category == "json-malformed" || category == "json-duplicate" || category == "json-depth" ||
      category == "crit" || category == "b64-false" || category == "zip" || category == "size" ||
      category == "structure") {
    return reason == Reason::malformed;
  }
  if (category == "alg-mismatch" || category == "alg-not-allowed") {
    return reason == Reason::unsupported_algorithm || reason == Reason::bad_signature;
  }
  if (category == "signature" || category == "ecdsa" || category == "eddsa" || category == "rsa" ||
      category == "base64" || category == "hmac") {
    return reason == Reason::bad_signature || reason == Reason::malformed;
  }
  if (category == "remote-key" || category == "embedded-key") {
    return reason == Reason::unknown_key || reason == Reason::bad_signature;
  }
  if (category == "issuer") return reason == Reason::wrong_issuer || reason == Reason::malformed;
  if (category == "audience") return reason == Reason::wrong_audience || reason == Reason::malformed;
  if (category == "kid") return reason == Reason::unknown_key || reason == Reason::malformed;
  return true;
}

}  // namespace

TEST_CASE("every token of jwt-made is accepted or refused as its case says, twice by one verifier") {
  const auto keys =
      set_of(token::parse_jwks(tests::read_text(tests::made_vector("jwt-made/jwks-private.json"))));
  const auto file = tests::read_json_file(tests::made_vector("jwt-made/cases.json"));
  int judged = 0;
  for (const auto& entry : file.at("cases").get_array()) {
    const auto& test = entry.get_object();
    auto policy = file.at("base_policy").get_object();
    for (const auto& change : test.at("policy").get_object()) policy[change.key()] = change.value();
    const auto now = base::from_unix_seconds(policy.at("now").to_number<std::int64_t>());
    const std::string_view expect = text_of(test.at("expect")), category = text_of(test.at("category"));
    INFO(category << ": " << text_of(test.at("name")));
    token::Verifier verifier(keys, expectations_of(policy));
    for (int round = 0; round < 2; ++round) {
      const auto verdict = verifier.verify(text_of(test.at("token")), now);
      INFO((verdict.reason ? word_of(*verdict.reason) : "valid"));
      if (expect == "accept") CHECK(verdict.ok());
      if (expect == "reject") CHECK_FALSE(verdict.ok());
      if (expect == "reject" && !verdict.ok()) CHECK(reason_fits(category, *verdict.reason));
    }
    ++judged;
  }
  CHECK(judged > 250);
}

TEST_CASE("the public set of jwt-made verifies its asymmetric tokens") {
  const auto keys =
      set_of(token::parse_jwks(tests::read_text(tests::made_vector("jwt-made/jwks-public.json"))));
  const auto file = tests::read_json_file(tests::made_vector("jwt-made/cases.json"));
  const auto now = base::from_unix_seconds(file.at("base_policy").at("now").to_number<std::int64_t>());
  token::Verifier verifier(keys, expectations_of(file.at("base_policy").get_object()));
  int accepted = 0;
  for (const auto& test : file.at("cases").get_array()) {
    if (text_of(test.at("category")) != "valid") continue;
    const auto verdict = verifier.verify(text_of(test.at("token")), now);
    INFO(text_of(test.at("name")));
    if (verdict.alg != "HS256") CHECK(verdict.ok());
    accepted += verdict.ok() ? 1 : 0;
  }
  CHECK(accepted >= 10);
}

TEST_CASE("the tokens of RFC 7519 are judged as its text says") {
  const auto folder = tests::published_vectors("rfc-jose");
  if (!folder) return;
  const auto cases = tests::read_json_file(*folder + "/rfc7519.json");
  const auto& signed_one = cases.at(0);
  token::Expectations lax;
  lax.kid_required = false;
  std::vector<token::Jwk> keys;
  keys.push_back(token::parse_jwk(json::serialize(signed_one.at("key"))));
  token::Verifier verifier(set_of(std::move(keys)), lax);
  CHECK(verifier.verify(text_of(signed_one.at("token")), base::from_unix_seconds(1300819379)).ok());
  const auto late = verifier.verify(text_of(signed_one.at("token")), base::from_unix_seconds(1300819380));
  CHECK(late.reason == token::Reason::expired);
  CHECK(json::value(*late.claims) == signed_one.at("claims"));
  const auto unsecured =
      verifier.verify(text_of(cases.at(1).at("token")), base::from_unix_seconds(1300819379));
  CHECK(unsecured.reason == token::Reason::unsupported_algorithm);
}

TEST_CASE("JWE, b64=false, detached and JSON forms of the cookbook and the RFCs are no tokens") {
  token::Expectations lax;
  lax.kid_required = false;
  token::Verifier verifier(tests::all_keys(), lax);
  const auto refuse = [&](std::string_view text) {
    INFO(text.substr(0, 60));
    CHECK_FALSE(verifier.verify(text, tests::at_noon()).ok());
  };
  if (const auto folder = tests::published_vectors("jose-cookbook")) {
    for (const auto* part : {"/jwe", "/rfc7797", "/jws", "/curve25519"}) {
      for (const auto& path : tests::files_in(*folder + part, ".json")) {
        const auto file = tests::read_json_file(path);
        for (const auto& form : file.at("output").get_object()) {
          refuse(form.value().is_string() ? std::string(text_of(form.value()))
                                          : json::serialize(form.value()));
        }
      }
    }
  }
  if (const auto folder = tests::published_vectors("rfc-jose")) {
    for (const auto* name :
         {"/rfc7515_A.4.jwsc", "/rfc7515_A.5.jwsc", "/rfc7515_A.6.jwsg", "/rfc7515_A.7.jwsf"}) {
      refuse(tests::read_text(*folder + name));
    }
  }
}
