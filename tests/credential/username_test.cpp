#include "core/credential/username.h"

#include "core/base/encoding.h"
#include "core/base/error.h"
#include "tests/support/catch.h"
#include "tests/support/vectors.h"

using namespace authctl;
using credential::EmailAddress;
using credential::Username;

namespace {

std::optional<std::string> taken(std::string_view text) {
  try {
    return Username::parse(text).text();
  } catch (const base::Error& error) {
    CHECK(error.code() == base::ErrorCode::invalid);
    for (const char c : error.message()) CHECK(static_cast<unsigned char>(c) >= 0x20);
    return std::nullopt;
  }
}

}  // namespace

TEST_CASE("two spellings are one user name or one of them is refused, as the vectors have it") {
  const auto names = tests::read_json_file(tests::made_vector("identity/names.json"));
  for (const auto& value : names.as_array()) {
    const auto& entry = value.as_object();
    std::string attempt(entry.at("attempt").as_string());
    if (attempt.starts_with("HEX:")) attempt = base::text_of(base::decode_hex(attempt.substr(4)).value());
    const auto expect = entry.at("expect").as_string();
    const auto name = taken(attempt);
    INFO(entry.at("name").as_string());
    if (expect == "refuse")
      CHECK_FALSE(name);
    else if (expect == "same-or-refuse")
      CHECK((!name || name == taken(entry.at("account").as_string())));
    else if (expect == "different-or-refuse")
      CHECK((!name || name != taken(entry.at("account").as_string())));
    else
      CHECK((!name || name == attempt));
  }
}

TEST_CASE("a user name is 1 to 64 of its characters, folded, and begins with a letter or digit") {
  CHECK(taken("O'Brien+Test_1@Example.com") == "o'brien+test_1@example.com");
  CHECK(taken(std::string(64, 'a')));
  for (const std::string_view refused :
       {"", ".a", "-a", "@a", "_a", "+a", "'a", "a b", "a/b", "a:b", "a\\b", "\xc3\xa4"})
    CHECK_FALSE(taken(refused));
  CHECK_FALSE(taken(std::string(65, 'a')));
}

TEST_CASE("an e-mail address is kept as it was given and compared folded") {
  const auto address = EmailAddress::parse("Ann.Miller@Example.COM");
  CHECK(address.text() == "Ann.Miller@Example.COM");
  CHECK(address.folded() == "ann.miller@example.com");
  for (const std::string_view refused : {"", "ann", "@example.com", "ann@", "a@b@c", "a b@c", "a\r\nBcc: b@c",
                                         "ann@ex\u00e4mple.com", "<ann@example.com>"})
    CHECK_THROWS_AS(EmailAddress::parse(refused), base::Error);
  CHECK_THROWS_AS(EmailAddress::parse(std::string(250, 'a') + "@b.example"), base::Error);
}
