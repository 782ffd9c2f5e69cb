#include "core/credential/client_secret.h"

#include <set>

#include "tests/support/catch.h"
#include "tests/support/realms.h"

using namespace authctl;

TEST_CASE("a client's secret is its prefix, 256 bits and a checksum, another each time") {
  test::SeededRandom random;
  std::set<std::string> seen;
  for (int i = 0; i < 200; ++i) {
    const auto secret = credential::make_client_secret(random);
    CHECK(secret.size() == credential::client_secret_size);
    CHECK(credential::is_client_secret(secret.reveal_text()));
    CHECK(seen.insert(std::string(secret.reveal_text())).second);
  }
}

TEST_CASE("the checksum is CRC-32 in base 62, as docs/clients.md says") {
  struct Still final : base::Random {
    void fill(std::span<std::uint8_t> out) override { std::fill(out.begin(), out.end(), std::uint8_t{0xff}); }
  } ones;
  // From Python: int.from_bytes(b"\xff" * 32) and zlib.crc32 in base 62.
  CHECK(credential::make_client_secret(ones).reveal_text() ==
        "authctl_cs_yhjskwdA6OZ1AL1YmHWZWm8LLG7HjnuCA2j5rOw8Xp13KHJYR");
}

TEST_CASE("one wrong character, one more or one less, and it is no client secret") {
  test::SeededRandom random;
  const auto secret = credential::make_client_secret(random);
  const std::string text(secret.reveal_text());
  for (std::size_t i = 0; i < text.size(); ++i) {
    std::string altered = text;
    altered[i] = altered[i] == 'a' ? 'b' : 'a';
    CHECK_FALSE(credential::is_client_secret(altered));
  }
  for (const auto& other : {std::string(), text.substr(1), text + "0", text.substr(0, text.size() - 1),
                            " " + text, text + "\n", std::string("authctl_cs_")})
    CHECK_FALSE(credential::is_client_secret(other));
}
