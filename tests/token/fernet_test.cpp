#include "core/token/fernet.h"

#include <map>
#include <random>
#include <set>

#include "core/base/base64_simd.h"
#include "core/base/error.h"
#include "core/crypto/digest.h"
#include "tests/support/catch.h"
#include "tests/support/vectors.h"

using namespace authctl;
using namespace authctl::token;
namespace json = boost::json;

namespace {
std::string text_in(const json::object& object, const char* name) {
  return json::value_to<std::string>(object.at(name));
}

FernetRing ring_of(const json::value& keys) {
  FernetRing ring;
  if (keys.is_string()) {
    ring.add(parse_fernet_key(json::value_to<std::string>(keys)), "only");
    return ring;
  }
  for (const auto& key : keys.as_array()) ring.add(parse_fernet_key(json::value_to<std::string>(key)), "k");
  return ring;
}

base::Timestamp time_in(const json::value& now) {
  return now.is_string() ? base::parse_timestamp(json::value_to<std::string>(now)).value()
                         : base::from_unix_seconds(now.to_number<std::int64_t>());
}

FernetLimits limits_in(const json::object& c) {
  FernetLimits limits{time_in(c.at("now")), std::nullopt};
  if (!c.at("ttl_sec").is_null()) limits.ttl = base::Duration(c.at("ttl_sec").to_number<std::int64_t>());
  return limits;
}

struct Opened {
  FernetVerdict verdict;
  std::string payload;
};
Opened open(FernetRing& ring, std::string_view token, const FernetLimits& limits) {
  base::Bytes buffer;
  const auto verdict = ring.open(token, limits, buffer);
  return {verdict, std::string(base::text_of(verdict.payload))};
}
Opened open(FernetRing& ring, std::string_view token) {
  return open(ring, token, {base::from_unix_seconds(0), {}});
}

base::Secret key_of(std::uint8_t fill) { return base::Secret(base::Bytes(32, fill)); }
const base::Bytes some_iv(16, 7);

std::string made(FernetRing& ring, std::string_view payload, std::uint64_t time = 1000) {
  std::string token;
  ring.encrypt(base::bytes_of(payload), time, some_iv, token);
  return token;
}
}  // namespace

TEST_CASE("A17: the Fernet spec's generate and verify vectors agree to the byte") {
  const auto folder = tests::published_vectors("fernet-spec");
  if (!folder) return;
  const auto cases = tests::read_json_file(*folder + "/generate.json");
  for (const auto& value : cases.as_array()) {
    const auto& c = value.as_object();
    auto ring = ring_of(c.at("secret"));
    const auto iv = json::value_to<base::Bytes>(c.at("iv"));
    std::string token;
    ring.encrypt(base::bytes_of(text_in(c, "src")),
                 static_cast<std::uint64_t>(base::to_unix_seconds(time_in(c.at("now")))), iv, token);
    CHECK(token == text_in(c, "token"));
  }
  const auto verified = tests::read_json_file(*folder + "/verify.json");
  for (const auto& value : verified.as_array()) {
    const auto& c = value.as_object();
    auto ring = ring_of(c.at("secret"));
    const auto opened = open(ring, text_in(c, "token"), limits_in(c));
    CHECK(opened.verdict.ok());
    CHECK(opened.payload == text_in(c, "src"));
  }
}

TEST_CASE("A17: each invalid vector of the Fernet spec is refused for its reason") {
  const auto folder = tests::published_vectors("fernet-spec");
  if (!folder) return;
  const std::map<std::string, FernetReason> reasons = {{"incorrect mac", FernetReason::invalid},
                                                       {"too short", FernetReason::invalid},
                                                       {"invalid base64", FernetReason::malformed},
                                                       {"payload padding error", FernetReason::invalid},
                                                       {"expired TTL", FernetReason::expired}};
  const auto cases = tests::read_json_file(*folder + "/invalid.json");
  for (const auto& value : cases.as_array()) {
    const auto& c = value.as_object();
    auto ring = ring_of(c.at("secret"));
    INFO(text_in(c, "desc"));
    CHECK(open(ring, text_in(c, "token"), limits_in(c)).verdict.reason == reasons.at(text_in(c, "desc")));
  }
}

TEST_CASE("the made Fernet tokens are generated to the byte") {
  const auto cases = tests::read_json_file(tests::made_vector("fernet-made/generate.json"));
  for (const auto& value : cases.as_array()) {
    const auto& c = value.as_object();
    auto ring = ring_of(c.at("secret"));
    std::string token;
    ring.encrypt(base::decode_hex(text_in(c, "src_hex")).value(), c.at("now").to_number<std::uint64_t>(),
                 base::decode_hex(text_in(c, "iv_hex")).value(), token);
    CHECK(token == text_in(c, "token"));
  }
}

TEST_CASE("the made Fernet cases are accepted to the byte and refused for their reason") {
  const std::map<std::string, FernetReason> by_category = {
      {"version", FernetReason::wrong_version}, {"bitflip", FernetReason::invalid},
      {"truncated", FernetReason::invalid},     {"extended", FernetReason::invalid},
      {"padding", FernetReason::invalid},       {"encoding", FernetReason::malformed},
      {"rotation", FernetReason::invalid},      {"mac", FernetReason::invalid}};
  const std::map<std::string, FernetReason> by_name = {
      {"age-61", FernetReason::expired},        {"age-1y", FernetReason::expired},
      {"epoch", FernetReason::expired},         {"ttl-0-age-1", FernetReason::expired},
      {"future-61", FernetReason::from_future}, {"ts-2p31", FernetReason::from_future},
      {"ts-2p32", FernetReason::from_future},   {"ts-max", FernetReason::from_future},
      {"ts-wrap", FernetReason::from_future},   {"version", FernetReason::wrong_version},
      {"ts-high", FernetReason::from_future},   {"empty", FernetReason::invalid},
      {"hex", FernetReason::malformed}};
  int seen = 0;
  const auto cases = tests::read_json_file(tests::made_vector("fernet-made/cases.json"));
  for (const auto& value : cases.as_array()) {
    const auto& c = value.as_object();
    const std::string expect = text_in(c, "expect"), name = text_in(c, "name"),
                      category = text_in(c, "category");
    INFO(category << " " << name);
    ++seen;
    if (expect == "reject-key") {
      CHECK_THROWS_AS(ring_of(c.at("keys")), base::Error);
      continue;
    }
    auto ring = ring_of(c.at("keys"));
    const auto opened = open(ring, text_in(c, "token"), limits_in(c));
    if (expect == "accept") {
      REQUIRE(opened.verdict.ok());
      const auto* hash = c.if_contains("plaintext_sha256");
      if (hash != nullptr && hash->is_string()) {
        CHECK(base::encode_hex(crypto::sha256(base::bytes_of(opened.payload))) ==
              text_in(c, "plaintext_sha256"));
      } else if (c.contains("plaintext_hex")) {
        CHECK(base::encode_hex(base::bytes_of(opened.payload)) == text_in(c, "plaintext_hex"));
      }
      continue;
    }
    // "accept-or-reject" is the token without its padding: refused here, since a token has one spelling.
    CHECK(opened.payload.empty());
    const auto special = by_name.find(name);
    CHECK(opened.verdict.reason == (special != by_name.end() ? special->second : by_category.at(category)));
  }
  CHECK(seen > 80);
}

TEST_CASE(
    "A18, B26: wrong padding under a right MAC and a wrong MAC are one reason, and nothing of the text comes "
    "out") {
  // A token whose last block ends in 0x00, which no padding ends in, signed with the right key.
  const auto folder = tests::made_vector("fernet-made/cases.json");
  std::set<FernetReason> reasons;
  const auto cases = tests::read_json_file(folder);
  for (const auto& value : cases.as_array()) {
    const auto& c = value.as_object();
    if (text_in(c, "category") != "padding" && text_in(c, "category") != "mac") continue;
    auto ring = ring_of(c.at("keys"));
    base::Bytes buffer;
    const auto verdict = ring.open(text_in(c, "token"), limits_in(c), buffer);
    REQUIRE(verdict.reason);
    CHECK(verdict.payload.empty());
    reasons.insert(*verdict.reason);
  }
  CHECK(reasons == std::set{FernetReason::invalid});
}

TEST_CASE("B26: a token with any one bit flipped is refused, and no plaintext stays in the buffer") {
  FernetRing ring;
  ring.add(key_of(1), "a");
  const std::string payload = "attack at dawn, and bring the keys";
  const auto raw = base::decode_base64url(made(ring, payload), base::Padding::present).value();
  for (std::size_t bit = 0; bit < raw.size() * 8; ++bit) {
    auto altered = raw;
    altered[bit / 8] ^= static_cast<std::uint8_t>(1 << bit % 8);
    base::Bytes buffer;
    const auto verdict = ring.open(base::encode_base64url(altered, base::Padding::present),
                                   {base::from_unix_seconds(1000), {}}, buffer);
    REQUIRE(verdict.reason == (bit < 8 ? FernetReason::wrong_version : FernetReason::invalid));
    REQUIRE(base::text_of(buffer).find("attack") == std::string_view::npos);
  }
}

TEST_CASE("A19: the first key encrypts and every key of the ring decrypts") {
  FernetRing old_ring, new_ring;
  old_ring.add(key_of(1), "old");
  new_ring.add(key_of(2), "new");
  new_ring.add(key_of(3), "other");
  new_ring.add(key_of(1), "old");
  const std::string under_old = made(old_ring, "kept"), under_new = made(new_ring, "fresh");
  for (int turn = 0; turn < 3; ++turn) {  // whichever key was the last to fit
    const auto first = open(new_ring, under_old);
    CHECK(first.payload == "kept");
    CHECK(new_ring.kid(first.verdict.key) == "old");
    const auto second = open(new_ring, under_new);
    CHECK(second.payload == "fresh");
    CHECK(new_ring.kid(second.verdict.key) == "new");
  }
  CHECK(open(old_ring, under_new).verdict.reason == FernetReason::invalid);
}

TEST_CASE("A20: a token more than 60 s ahead is refused when a time to live is given, and only then") {
  FernetRing ring;
  ring.add(key_of(1), "a");
  const std::string token = made(ring, "x", 1061);
  const auto now = base::from_unix_seconds(1000);
  CHECK(open(ring, token, {now, base::Duration(10)}).verdict.reason == FernetReason::from_future);
  CHECK(open(ring, token, {now, std::nullopt}).verdict.ok());
  CHECK(open(ring, made(ring, "x", 1060), {now, base::Duration(10)}).verdict.ok());
}

TEST_CASE("B73: a token under a quarantined key is told apart and not opened") {
  FernetRing old_ring, ring;
  old_ring.add(key_of(1), "old");
  ring.add(key_of(2), "new");
  ring.add(key_of(1), "old", FernetKeyRole::quarantined);
  const auto opened = open(ring, made(old_ring, "secret"));
  CHECK(opened.verdict.reason == FernetReason::revoked_key);
  CHECK(opened.payload.empty());
  CHECK(ring.kid(opened.verdict.key) == "old");
}

TEST_CASE("Fernet tokens of every length around a block and a piece come back whole") {
  FernetRing ring;
  ring.add(key_of(9), "a");
  std::mt19937 generator(4);
  std::vector<std::size_t> sizes;
  for (std::size_t size = 0; size < 130; ++size) sizes.push_back(size);
  for (std::size_t piece : {12288u, 24576u, 36864u}) {
    for (std::size_t size = piece - 70; size < piece + 40; ++size) sizes.push_back(size);
  }
  base::Bytes buffer;
  std::string token;
  for (const std::size_t size : sizes) {
    base::Bytes payload(size);
    for (auto& byte : payload) byte = static_cast<std::uint8_t>(generator());
    ring.encrypt(payload, 5, some_iv, token);
    const auto verdict = ring.open(token, {base::from_unix_seconds(5), base::Duration(0)}, buffer);
    REQUIRE(verdict.ok());
    REQUIRE(base::Bytes(verdict.payload.begin(), verdict.payload.end()) == payload);
    const auto header = read_fernet_header(token);
    REQUIRE(header);
    CHECK(header->ciphertext_size == size / 16 * 16 + 16);
    token[token.size() / 2] = token[token.size() / 2] == 'A' ? 'B' : 'A';
    REQUIRE_FALSE(ring.open(token, {base::from_unix_seconds(5), {}}, buffer).ok());
  }
}

TEST_CASE("a Fernet key is 44 characters and comes back as it was") {
  base::SystemRandom random;
  const auto key = make_fernet_key(random);
  const auto text = format_fernet_key(key);
  CHECK(text.size() == 44);
  CHECK(parse_fernet_key(text.reveal_text()) == key);
}
