#include "core/credential/backup_code.h"

#include <set>

#include "tests/support/catch.h"

using namespace authctl;
using base::Secret;
using credential::normal_backup_code;

TEST_CASE("backup codes differ, and each is read however it is typed") {
  base::SystemRandom random;
  std::set<std::string> seen;
  for (int i = 0; i < 200; ++i) {
    const auto code = credential::make_backup_code(random);
    std::string text(code.reveal_text()), bare, upper;
    CHECK(text.size() == 19);
    for (const char c : text) {
      if (c != '-') bare += c;
      upper += c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c == '-' ? ' ' : c;
    }
    const auto normal = normal_backup_code(code);
    REQUIRE(normal);
    CHECK((normal->reveal_text() == bare && *normal_backup_code(Secret(upper)) == *normal));
    seen.insert(bare);
  }
  CHECK(seen.size() == 200);
  for (const std::string_view not_a_code : {"", "abcd", "abcd-efgh-jkmn-pqr", "abcd-efgh-jkmn-pqrst",
                                            "abcd-efgh-jkmn-pqr0", "abcd\nefgh-jkmn-pqrs"})
    CHECK_FALSE(normal_backup_code(Secret(not_a_code)));
}

TEST_CASE("what is kept of a backup code depends on the key, the user and the code") {
  const Secret key(std::string(32, 'k')), other_key(std::string(32, 'o'));
  const Secret code(std::string_view("abcdefghjkmnpqrs")), other_code(std::string_view("abcdefghjkmnpqrt"));
  const auto mac = credential::backup_code_mac(key, "u1", code);
  CHECK(mac == credential::backup_code_mac(key, "u1", code));
  CHECK(mac != credential::backup_code_mac(other_key, "u1", code));
  CHECK(mac != credential::backup_code_mac(key, "u2", code));
  CHECK(mac != credential::backup_code_mac(key, "u1", other_code));
}
