#include "core/credential/leak_scan.h"

#include "core/base/encoding.h"
#include "core/credential/client_secret.h"
#include "tests/support/catch.h"
#include "tests/support/realms.h"

using namespace authctl;
using credential::Leak;
using credential::LeakForm;
using credential::LeakKind;

namespace {

// RFC 7519 section 3.1, and the example of the Fernet specification.
const std::string jwt =
    "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9."
    "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFt"
    "cGxlLmNvbS9pc19yb290Ijp0cnVlfQ.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const std::string fernet =
    "gAAAAAAdwJ6wAAECAwQFBgcICQoLDA0ODy021cpGVWKZ_eEwCGM4BLLF_5CV9dOPmrhuVUPgJobwOz7JcbmrR64jVmpU4IwqDA==";

struct Found {
  LeakKind kind;
  std::string text;
  LeakForm form;
  std::uint64_t offset, line;
};

// As a judge does who knows how long each is.
std::vector<Found> scan(std::string_view dump, std::size_t piece = 1 << 20) {
  std::vector<Found> found;
  credential::LeakScan scanner([&](const Leak& leak) {
    auto text = leak.text;
    if (leak.kind == LeakKind::fernet_key) return std::size_t{0};  // only the form: a soft break is enough
    if (leak.kind == LeakKind::jwt && text.starts_with(jwt)) text = text.substr(0, jwt.size());
    if (leak.kind == LeakKind::fernet_token && text.starts_with(fernet.substr(0, 98)))
      text = text.substr(0, 98);
    found.push_back({leak.kind, std::string(text), leak.place.form, leak.place.offset, leak.place.line});
    return text.size();
  });
  for (std::size_t at = 0; at < dump.size(); at += piece) scanner.feed(dump.substr(at, piece));
  scanner.finish();
  CHECK(scanner.bytes() == dump.size());
  return found;
}

std::string folded(std::string_view text, std::size_t width, std::string_view fold) {
  std::string out;
  for (std::size_t at = 0; at < text.size(); at += width) {
    if (at != 0) out += fold;
    out += text.substr(at, width);
  }
  return out;
}

std::string percent_encoded(std::string_view text, bool all) {
  std::string out;
  for (const char c : text) {
    const bool plain = !all && ((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'));
    if (plain) {
      out += c;
    } else {
      char code[4];
      std::snprintf(code, sizeof code, "%%%02X", static_cast<unsigned char>(c));
      out += code;
    }
  }
  return out;
}

std::string base64(std::string_view text) { return base::encode_base64(base::bytes_of(text)); }

std::string utf16(std::string_view text) {
  std::string out;
  for (const char c : text) (out += c) += '\0';
  return out;
}

std::string only(std::string_view dump) {
  const auto found = scan(dump);
  return found.size() == 1 ? found[0].text : std::to_string(found.size()) + " found";
}

}  // namespace

TEST_CASE("a secret is found however it was wrapped, quoted, escaped and encoded") {
  const std::string client = "authctl_cs_" + std::string(43, '0');
  test::SeededRandom random;
  const std::string secret(credential::make_client_secret(random).reveal_text());
  const std::string refresh = "authctl_rt_dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
  const std::string reset = "authctl_reset_dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
  for (const auto& plain : {jwt, fernet, secret, refresh, reset}) {
    const auto expected = plain.substr(0, plain.find('='));
    INFO(plain);
    CHECK(only(plain) == expected);
    CHECK(only("x\ny z Bearer " + plain + "\n and more") == expected);
    CHECK(only("GET /?token=" + percent_encoded(plain, false) + "&x=1") == expected);
    CHECK(only(percent_encoded(percent_encoded(plain, false), false)) == expected);
    CHECK(only("x" + percent_encoded(plain, true) + " ") == expected);
    CHECK(only("{\"a\":\"{\\\"token\\\":\\\"" + plain + "\\\"}\"}") == expected);
    CHECK(only("&quot;" + plain + "&quot;") == expected);
    CHECK(only(utf16("pass: " + plain + "\r\n")) == expected);
    for (const std::size_t width : {1, 2, 3, 17, 64, 76}) {
      INFO(width);
      for (const std::string fold :
           {"\n", "\r\n", "\n> ", "\r\n> > ", "\\\n", "=\n", "=\r\n", "\n    ", "\\n", "\\r\\n", "\\\\n",
            "%0A", "%0D%0A", "\n\t", "\\\r\n  ", "\"\n  \"", "\" +\n\"", "&#10;", "\n# "}) {
        INFO("fold " << base64(fold));
        CHECK(only("Subject: x\n\n" + folded(plain, width, fold) + "\n") == expected);
      }
    }
    for (const std::string before : {"", "x", "xy", "token: ", "{\"token\":\""}) {
      const auto wrapped = base64(before + plain + "\n--\n");
      INFO(wrapped);
      CHECK(only(wrapped) == expected);
      CHECK(only("data: " + wrapped + " ...") == expected);
      CHECK(only("\nAttachment\n" + folded(wrapped, 76, "\r\n") + "\nnext") == expected);
      CHECK(only(folded(wrapped, 64, "=\n> ")) == expected);
      CHECK(only(percent_encoded(wrapped, false)) == expected);
      CHECK(only(base64(before + percent_encoded(plain, false) + "\"")) == expected);
      CHECK(only(base64(before + folded(plain, 70, "\r\n") + "\n")) == expected);
    }
  }
  CHECK(scan(client + "000000").empty());  // the checksum is wrong
}
