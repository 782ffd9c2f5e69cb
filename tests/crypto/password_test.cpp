#include "core/crypto/password.h"

#include <set>

#include "core/base/encoding.h"
#include "core/base/error.h"
#include "core/crypto/digest.h"
#include "core/crypto/password_weakness.h"
#include "tests/support/catch.h"
#include "tests/support/vectors.h"

using namespace authctl;
using base::Secret;
using crypto::Argon2Cost;

namespace {

constexpr Argon2Cost small_cost{64, 2, 1};

// "match", "no-match" or "error".
std::string outcome(std::string_view hash, const Secret& password) {
  try {
    return crypto::verify_password(hash, password) ? "match" : "no-match";
  } catch (const base::Error& error) {
    CHECK(error.code() == base::ErrorCode::invalid);
    CHECK(error.message().find(std::string(password.reveal_text())) == std::string::npos);
    return "error";
  }
}

// What each word of the vectors' README lets pass. The legacy hashes are refused there; authctl verifies one
// of them, sha512crypt, for accounts that were imported with it.
std::set<std::string> allowed(std::string_view expect) {
  if (expect == "match" || expect == "no-match" || expect == "error") return {std::string(expect)};
  if (expect == "error-fast") return {"error"};
  if (expect == "must-not-match") return {"no-match", "error"};
  if (expect == "match-if-normalised") return {"match"};
  if (expect == "policy-refuse-login") return {"no-match"};
  if (expect == "error-or-match") return {"error", "match"};
  if (expect == "error-or-no-match") return {"error", "no-match"};
  return {};
}

Secret password_of(const base::json::object& entry) {
  if (const auto* hex = entry.if_contains("password_hex"))
    return Secret(base::ByteView(*base::decode_hex(hex->as_string())));
  return Secret(std::string_view(entry.at("password").as_string()));
}

}  // namespace

TEST_CASE("every password hash of the vectors is matched, refused or read as malformed as it should be") {
  const auto cases = tests::read_json_file(tests::made_vector("password-hashes/cases.json"));
  int read = 0;
  for (const auto& value : cases.as_array()) {
    const auto& entry = value.as_object();
    const std::string name(entry.at("name").as_string()), category(entry.at("category").as_string());
    INFO(category << "/" << name);
    const auto found = outcome(entry.at("hash").as_string(), password_of(entry));
    if (name == "sha512-crypt") {
      CHECK(found == "match");
      CHECK(crypto::judge_password_hash(entry.at("hash").as_string()).weakness);
    } else {
      CHECK(allowed(entry.at("expect").as_string()).contains(found));
    }
    ++read;
  }
  CHECK(read == 149);
}

TEST_CASE("a new password hash verifies, carries its cost and is never the same twice") {
  base::SystemRandom random;
  const Secret password(std::string_view("violin quartz marble"));
  const auto hash = crypto::hash_password(password, small_cost, random);
  CHECK(hash.starts_with("$argon2id$v=19$m=64,t=2,p=1$"));
  CHECK(crypto::verify_password(hash, password));
  CHECK_FALSE(crypto::verify_password(hash, Secret(std::string_view("violin quartz marbles"))));
  CHECK(hash != crypto::hash_password(password, small_cost, random));
  const auto info = crypto::identify_password_hash(hash);
  CHECK(crypto::word_of(info.scheme) == "argon2id");
  CHECK(info.parameters.at("m").to_number<int>() == 64);
  for (const std::string scheme : {"argon2id", "bcrypt", "scrypt", "pbkdf2-sha256"}) {
    const auto made = crypto::hash_password(password, scheme, random);
    CHECK(crypto::word_of(crypto::identify_password_hash(made).scheme) == scheme);
    CHECK(crypto::verify_password(made, password));
    CHECK_FALSE(crypto::judge_password_hash(made).weakness);  // OWASP's figures or better
  }
  // 16 bytes of salt, 32 of tag.
  CHECK(hash.size() == std::string("$argon2id$v=19$m=64,t=2,p=1$").size() + 22 + 1 + 43);
  CHECK_THROWS_AS(crypto::hash_password(password, "md5", random), base::Error);
}

TEST_CASE("a hash of an older cost, scheme or version is made again at the next sign-in") {
  base::SystemRandom random;
  const auto hash = crypto::hash_password(Secret(std::string_view("violin quartz")), small_cost, random);
  CHECK_FALSE(crypto::password_needs_rehash(hash, small_cost));
  CHECK(crypto::password_needs_rehash(hash, Argon2Cost{}));
  CHECK(crypto::password_needs_rehash("$2b$04$AJSKHiEheHgDD.UeJZA.ZuGoV0UYJwDJXQKgR0lqmw76WvH2ycDdW",
                                      small_cost));
}

TEST_CASE("a password that a scheme would cut is refused, not cut") {
  base::SystemRandom random;
  CHECK_THROWS_AS(crypto::hash_password(Secret(std::string(73, 'k')), "bcrypt", random), base::Error);
  CHECK_THROWS_AS(crypto::hash_password(Secret(std::string_view("a\0b", 3)), "bcrypt", random), base::Error);
  CHECK_THROWS_AS(crypto::hash_password(Secret(std::string(1025, 'k')), small_cost, random), base::Error);
  CHECK_THROWS_AS(crypto::hash_password(Secret(), small_cost, random), base::Error);
  const auto long_one = crypto::hash_password(Secret(std::string(1024, 'k')), small_cost, random);
  CHECK(crypto::verify_password(long_one, Secret(std::string(1024, 'k'))));
  CHECK_FALSE(crypto::verify_password(long_one, Secret(std::string(1025, 'k'))));
}

TEST_CASE("a NUL in a password for a crypt(3) hash does not end it") {
  // "abc" in sha512crypt and yescrypt, as mkpasswd makes them.
  for (const std::string_view hash : {"$6$OZDh5qMjcVKP9CM.$ayKWg2sGJEm1ZDxDVBmTi2zowEMJOg9OjYyR/.x/"
                                      "SfJdrLWsoIJL98.A4PX0m2049pNrnGy94xNM3I9zxlC7j/"}) {
    CHECK(crypto::verify_password(hash, Secret(std::string_view("abc"))));
    CHECK_FALSE(crypto::verify_password(hash, Secret(std::string_view("abc\0", 4))));
    CHECK_FALSE(crypto::verify_password(hash, Secret(std::string_view("abd"))));
    CHECK(crypto::word_of(crypto::identify_password_hash(hash).scheme) == "sha512crypt");
  }
}

TEST_CASE("each ceiling is refused one step above it and taken at it") {
  const std::string tail = "$fIw6w3FknwK3JjYlVFm+lg$yhkn8eOYbauw2byuGxm1vp7Ez0kA46SC6IWu/du7aSE";
  const auto known = [](const std::string& hash) {
    try {
      crypto::identify_password_hash(hash);
      return true;
    } catch (const base::Error& error) {
      CHECK(error.code() == base::ErrorCode::invalid);
      return false;
    }
  };
  CHECK(known("$argon2d$v=19$m=1048576,t=16,p=16" + tail));
  CHECK_FALSE(known("$argon2d$v=19$m=1048577,t=16,p=16" + tail));
  CHECK_FALSE(known("$argon2i$v=19$m=1048576,t=17,p=16" + tail));
  CHECK_FALSE(known("$argon2id$v=19$m=1048576,t=16,p=17" + tail));
  CHECK(known("$scrypt$ln=18,r=8,p=1" + tail));
  CHECK_FALSE(known("$scrypt$ln=18,r=9,p=1" + tail));
  CHECK_FALSE(known("$scrypt$ln=19,r=8,p=1" + tail));
  CHECK(known("$pbkdf2-sha256$i=5000000" + tail));
  CHECK_FALSE(known("$pbkdf2-sha256$i=5000001" + tail));
  CHECK(known("$2b$16$AJSKHiEheHgDD.UeJZA.ZuGoV0UYJwDJXQKgR0lqmw76WvH2ycDdW"));
  CHECK_FALSE(known("$2b$17$AJSKHiEheHgDD.UeJZA.ZuGoV0UYJwDJXQKgR0lqmw76WvH2ycDdW"));
}
