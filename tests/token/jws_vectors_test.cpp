// Vector sets whose payload is no claims set run one layer below: the compact form, its header, the key, the
// signature.
#include <unordered_map>

#include "core/base/error.h"
#include "core/base/text.h"
#include "core/token/compact.h"
#include "tests/support/catch.h"
#include "tests/support/vectors.h"
#include "tests/token/tokens.h"

using namespace authctl;
namespace json = base::json;

namespace {

std::string_view text_of(const json::value& value) { return value.get_string(); }

// The payload where the signature is right under one of the keys, chosen as token::Verifier chooses.
std::optional<base::Bytes> verified_payload(std::string_view text, const std::vector<token::Jwk>& keys) {
  const auto parts = token::split_compact(text, 16384);
  const auto header_bytes = parts ? base::decode_base64url(parts->header) : std::nullopt;
  const auto header = header_bytes ? base::parse_json(base::text_of(*header_bytes)) : std::nullopt;
  if (!header || !header->is_object()) return std::nullopt;
  const auto fields = token::read_header(header->get_object());
  auto payload = base::decode_base64url(parts->payload);
  const auto signature = base::decode_base64url(parts->signature);
  if (!fields || !payload || !signature) return std::nullopt;
  for (const auto& key : keys) {
    if (keys.size() > 1 && key.kid != fields->kid) continue;
    if (fields->has_kid && !key.kid.empty() && key.kid != fields->kid) continue;
    if (fields->alg == key.alg() && crypto::Verifier(key.material).verify(parts->signing_input, *signature))
      return payload;
  }
  return std::nullopt;
}

// No keys where the text is refused. The secret of zeros that one group signs with is refused as a key, so
// that it is put together by hand.
std::vector<token::Jwk> keys_of(const json::value& value) {
  const auto text = json::serialize(value);
  try {
    if (value.get_object().contains("keys")) return token::parse_jwks(text, token::BrokenKeys::skip);
    return token::parse_keys(text);
  } catch (const base::Error& error) {
    CHECK(error.code() == base::ErrorCode::invalid);
    std::vector<token::Jwk> keys;
    if (error.message() != "every byte of the HS256 key is the same") return keys;
    keys.emplace_back();
    keys[0].kid = text_of(value.at("kid"));
    keys[0].material.algorithm = crypto::Algorithm::hs256;
    keys[0].material.k = base::Secret::zeroed(32);
    return keys;
  }
}

void run_wycheproof(const std::string& folder, const std::string& name, int least) {
  const auto file = tests::read_json_file(folder + "/" + name);
  const auto overrides = tests::read_json_file(folder + "/expected-overrides.json").at(name).get_object();
  int judged = 0;
  for (const auto& group : file.at("testGroups").get_array()) {
    const auto& g = group.get_object();
    const auto keys = keys_of(g.contains("public") ? g.at("public") : g.at("private"));
    for (const auto& entry : g.at("tests").get_array()) {
      const auto& test = entry.get_object();
      const auto id = std::to_string(test.at("tcId").to_number<int>());
      const auto* other = overrides.if_contains(id);
      const auto expect = other ? text_of(other->at("expect")) : text_of(test.at("result"));
      const auto& jws = test.at("jws");
      const bool good = jws.is_string() && verified_payload(text_of(jws), keys).has_value();
      // PS*, RS384, RS512, ES384 and ES512 are not ours: there the whole group is refused, and so is its key.
      const bool ours = !keys.empty();
      INFO(name << " " << id << " " << text_of(test.at("comment")) << ": " << expect);
      if (expect == "valid" && ours) CHECK(good);
      if (expect == "invalid" || !ours) CHECK_FALSE(good);
      ++judged;
    }
  }
  CHECK(judged >= least);
}

}  // namespace

TEST_CASE("Wycheproof: JSON Web Signatures and keys") {
  const auto folder = tests::published_vectors("wycheproof");
  if (!folder) return;
  run_wycheproof(*folder, "json_web_signature_test.json", 200);
  run_wycheproof(*folder, "json_web_key_test.json", 15);
}

TEST_CASE("the examples of RFC 7515, 8037 and the JOSE cookbook verify where they are ours") {
  if (const auto folder = tests::published_vectors("rfc-jose")) {
    for (const std::string name : {"A.1", "A.2"}) {
      const auto keys = token::parse_keys(tests::read_text(*folder + "/rfc7515_" + name + ".jwk"));
      const auto text = tests::read_text(*folder + "/rfc7515_" + name + ".jwsc");
      CHECK(verified_payload(base::without_newline(text), keys));
    }
    const auto cases = tests::read_json_file(*folder + "/rfc8037.json");
    const auto keys = keys_of(cases.at(0).at("jwk"));
    const auto payload = verified_payload(text_of(cases.at(1).at("token")), keys);
    REQUIRE(payload);
    CHECK(base::text_of(*payload) == text_of(cases.at(1).at("payload")));
    // RFC 8037 appendix A.4: Ed25519 is deterministic, so our signature is the printed one.
    const std::string_view token = text_of(cases.at(1).at("token"));
    const auto dot = token.rfind('.');
    CHECK(base::encode_base64url(crypto::Signer(keys.at(0).material).sign(token.substr(0, dot))) ==
          token.substr(dot + 1));
  }
  const auto folder = tests::published_vectors("jose-cookbook");
  if (!folder) return;
  for (const auto* name : {"/jws/4_1.rsa_v15_signature.json", "/jws/4_4.hmac-sha2_integrity_protection.json",
                           "/curve25519/jws.json"}) {
    INFO(name);
    const auto file = tests::read_json_file(*folder + name);
    const auto payload =
        verified_payload(text_of(file.at("output").at("compact")), keys_of(file.at("input").at("key")));
    REQUIRE(payload);
    CHECK(base::text_of(*payload) == text_of(file.at("input").at("payload")));
  }
}

TEST_CASE("key sets of the RFCs and keys of the cookbook: what is ours is read, what is not is passed over") {
  const auto in_set = [](const std::string& path) {
    return token::parse_jwks(tests::read_text(path), token::BrokenKeys::skip).size();
  };
  if (const auto folder = tests::published_vectors("rfc-jose")) {
    CHECK(in_set(*folder + "/rfc7517_A.1.jwkset") == 1);  // the EC key is for encryption
    CHECK(in_set(*folder + "/rfc7517_A.3.jwkset") == 1);  // A128KW is not ours
    CHECK(in_set(*folder + "/rfc7515_A.6.jwkset") == 2);
    CHECK(token::parse_keys(tests::read_text(*folder + "/rfc7517_B.jwk")).size() == 1);  // x5c is passed over
    CHECK_THROWS_AS(token::parse_keys(tests::read_text(*folder + "/rfc7515_A.4.jwk")), base::Error);  // P-521
  }
  if (const auto folder = tests::published_vectors("jose-cookbook")) {
    CHECK(token::parse_jwk(tests::read_text(*folder + "/jwk/3_3.rsa_public_key.json")).bits() == 2048);
    CHECK(token::parse_jwk(tests::read_text(*folder + "/jwk/3_4.rsa_private_key.json")).is_private());
    CHECK_THROWS_AS(token::parse_jwk(tests::read_text(*folder + "/jwk/3_1.ec_public_key.json")), base::Error);
    CHECK_THROWS_AS(token::parse_jwk(tests::read_text(*folder + "/jwk/3_6.symmetric_key_encryption.json")),
                    base::Error);
  }
}
