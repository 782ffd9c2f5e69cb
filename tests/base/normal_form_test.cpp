#include "core/base/normal_form.h"

#include "tests/support/catch.h"

using authctl::base::normal_form_c;
using authctl::base::Secret;

TEST_CASE("Normalization Form C joins what belongs together and leaves the rest") {
  const auto nfc = [](std::string_view text) {
    return std::string(normal_form_c(Secret(text)).reveal_text());
  };
  CHECK(nfc("plain ASCII") == "plain ASCII");
  CHECK(nfc("cafe\u0301") == "caf\u00e9");
  CHECK(nfc("\u212b") == "\u00c5");
  CHECK(nfc("\u1100\u1161\u11a8") == "\uac01");
  CHECK(nfc("\uac00\u11a8") == "\uac01");
  CHECK(nfc("s\u0307\u0323") == "\u1e69");  // marks are put in order first
  CHECK(nfc("\u0958") == "\u0915\u093c");   // a composition exclusion
  CHECK(nfc("a\u0334\u0301") == "\u00e1\u0334");
  CHECK(nfc("\ufb01") == "\ufb01");      // compatibility forms stay
  CHECK(nfc("\xff\xfe") == "\xff\xfe");  // not UTF-8
  CHECK(nfc("\U0001d15e") == "\U0001d157\U0001d165");
}
