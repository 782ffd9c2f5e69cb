#include "core/audit/checkpoint.h"

#include "tests/support/catch.h"

using namespace authctl;

namespace {

crypto::Ed25519Signer a_signer(std::uint8_t fill) {
  return crypto::Ed25519Signer(base::Secret(base::ByteView(base::Bytes(32, fill))));
}

std::string a_note() { return audit::format_note({"authctl/abc", 7, audit::hash_leaf({})}, a_signer(1)); }

}  // namespace

TEST_CASE("the verifier key and the signature of the signed-note specification's example hold") {
  const auto key =
      audit::parse_verifier_key("PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW");
  REQUIRE(key);
  CHECK(key->name == "PeterNeumann");
  const std::string_view text =
      "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n";
  const auto signature = base::decode_base64(
      "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=");
  REQUIRE(signature);
  CHECK(base::encode_hex(base::ByteView(*signature).first(4)) == base::encode_hex(audit::key_id_of(*key)));
  CHECK(crypto::verify_ed25519(key->key, base::bytes_of(text), base::ByteView(*signature).subspan(4)));
  CHECK(audit::format_verifier_key(*key) ==
        "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW");
}

TEST_CASE("a verifier key whose id or algorithm does not fit is refused") {
  for (const char* text : {"", "a", "a+b", "+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
                           "PeterNeumann+c74f20a4+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
                           "PeterNeumann+C74F20A3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
                           "PeterNeumann+c74f20a3+AhpcZQcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"}) {
    CHECK_FALSE(audit::parse_verifier_key(text));
  }
}

TEST_CASE("a checkpoint is read back as it was signed") {
  const std::string note = a_note();
  const auto parsed = audit::parse_note(note);
  REQUIRE(parsed);
  CHECK(parsed->checkpoint.origin == "authctl/abc");
  CHECK(parsed->checkpoint.size == 7);
  CHECK(parsed->checkpoint.root == audit::hash_leaf({}));
  CHECK(audit::verify_note(*parsed, {"authctl/abc", a_signer(1).public_key()}));
  CHECK_FALSE(audit::verify_note(*parsed, {"authctl/abd", a_signer(1).public_key()}));
  CHECK_FALSE(audit::verify_note(*parsed, {"authctl/abc", a_signer(2).public_key()}));
}

TEST_CASE("no byte of a checkpoint can be changed unnoticed") {
  const audit::VerifierKey key{"authctl/abc", a_signer(1).public_key()};
  const std::string note = a_note();
  for (std::size_t i = 0; i < note.size(); ++i) {
    for (const int bit : {1, 4, 128}) {
      std::string changed = note;
      changed[i] = static_cast<char>(changed[i] ^ bit);
      const auto parsed = audit::parse_note(changed);
      CHECK_FALSE((parsed && audit::verify_note(*parsed, key)));
    }
  }
}

TEST_CASE("signatures of witnesses stand beside the log's own") {
  const std::string witnessed = a_note() + "\u2014 witness.example AAAAAAAA\n";
  const auto parsed = audit::parse_note(witnessed);
  REQUIRE(parsed);
  CHECK(audit::verify_note(*parsed, {"authctl/abc", a_signer(1).public_key()}));
  CHECK_FALSE(audit::parse_note(witnessed + "more"));
  CHECK_FALSE(audit::parse_note("authctl/abc\n07\n" + a_note().substr(14)));
}
