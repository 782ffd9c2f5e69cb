#include "core/credential/leak_scan.h"

#include <algorithm>
#include <set>

#include "core/base/encoding.h"
#include "core/credential/client_secret.h"
#include "tests/support/catch.h"
#include "tests/support/folding.h"
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

const std::string key = "cw_0x689RpI-jtRR7oE8h_eQsKImvJapLeSbXpwF4e4=";
const std::string code = "abcd-efgh-jkmn-pqrs";
// RFC 8410 section 10.3.
const std::string pem =
    "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n"
    "-----END PRIVATE KEY-----\n";
const std::string jwk = R"({"kty":"EC","d":"870MB6gfuTJ4HtUnUvYMyjpr5eUZNP4Bk43bVdj3eAE","kid":"clé à moi"})";

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
    if (leak.kind == LeakKind::fernet_key && text != key.substr(0, 43))
      return std::size_t{0};  // only the form: a soft break is enough
    if (leak.kind == LeakKind::jwt && text.starts_with(jwt)) text = text.substr(0, jwt.size());
    if (leak.kind == LeakKind::fernet_token && text.starts_with(fernet.substr(0, 98)))
      text = text.substr(0, 98);
    found.push_back({leak.kind, std::string(text), leak.place.form, leak.place.offset, leak.place.line});
    return text.size();
  });
  for (std::size_t at = 0; at < dump.size(); at += piece) scanner.feed(dump.substr(at, piece));
  scanner.finish();
  CHECK(scanner.bytes() == dump.size());
  std::ranges::sort(found, {}, &Found::offset);
  return found;
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
        CHECK(only("Subject: x\n\n" + test::folded(plain, width, fold) + "\n") == expected);
      }
    }
    for (const std::string before : {"", "x", "xy", "token: ", "{\"token\":\""}) {
      const auto wrapped = base64(before + plain + "\n--\n");
      INFO(wrapped);
      CHECK(only(wrapped) == expected);
      CHECK(only("data: " + wrapped + " ...") == expected);
      CHECK(only("\nAttachment\n" + test::folded(wrapped, 76, "\r\n") + "\nnext") == expected);
      CHECK(only(test::folded(wrapped, 64, "=\n> ")) == expected);
      CHECK(only(percent_encoded(wrapped, false)) == expected);
      CHECK(only(base64(before + percent_encoded(plain, false) + "\"")) == expected);
      CHECK(only(base64(before + test::folded(plain, 70, "\r\n") + "\n")) == expected);
    }
  }
  for (const std::string first : {"\xb7 ", "\x9c ", "\xac "}) {  // tyB…, nCB…, rCB…: perhaps an escape
    CHECK(only("see C:\\dumps\\" + base64(first + jwt + "\n")) == jwt);
    CHECK(only("see \"\\" + base64(first + jwt + "\n") + "\"") == jwt);
  }
  CHECK(scan(client + "000000").empty());  // the checksum is wrong
}

TEST_CASE(
    "within base64 each kind is found once, whatever stands beside it and however often it was encoded") {
  test::SeededRandom random;
  const std::pair<LeakKind, std::string> secrets[] = {
      {LeakKind::jwt, jwt},
      {LeakKind::fernet_token, fernet},
      {LeakKind::fernet_key, key},
      {LeakKind::client_secret, std::string(credential::make_client_secret(random).reveal_text())},
      {LeakKind::refresh_token, "authctl_rt_dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"},
      {LeakKind::mfa_token, "authctl_mfa_dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"},
      {LeakKind::reset_token, "authctl_reset_dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"},
      {LeakKind::backup_code, code},
      {LeakKind::private_key, pem},
      {LeakKind::private_jwk, jwk}};
  for (const auto& [kind, secret] : secrets) {
    const auto is_found = [kind = kind](const std::string& dump) {
      const auto found = scan(dump);
      return found.size() == 1 && found[0].kind == kind && found[0].form == LeakForm::base64;
    };
    for (const std::string before : {"", "x", "xy", "user:", "many words stand before it: ", "\xff\xfe\x80"})
      for (const std::string behind : {"", "\n", " tail", "\nmore\n", "\xff\xfe"})
        for (const bool wide : {false, true}) {
          const auto text = before + secret + behind;
          const auto once = base64(wide ? utf16(text) : text);
          const auto bare = once.substr(0, once.find('='));
          INFO(once);
          CHECK(is_found(once));
          CHECK(is_found(bare));
          CHECK(is_found("-enc " + once + "\n"));
          CHECK(is_found("GET /v1/" + bare + "/x?y=z"));
          CHECK(is_found("?a=" + percent_encoded(once, false) + "&b=c"));
          CHECK(is_found("mail\n\n" + test::folded(once, 76, "\r\n") + "\nnext"));
          CHECK(is_found(base64(once)));
          CHECK(is_found("a: " + base64("b: " + bare + "\n") + "\n"));
          CHECK(is_found(base64(utf16("xy " + once))));
        }
  }
}

TEST_CASE("lines of base64 without padding hide nothing from each other") {
  std::string dump;
  for (std::size_t i = 0; i < 300; ++i) {
    const auto line = base64(std::string(i % 7, 'x') + " " + code + std::string(i % 5, ' '));
    dump += line.substr(0, line.find('=')) + "\n";
  }
  CHECK(scan(dump).size() == 300);
}

TEST_CASE("in base64 longer than any block each secret is found once") {
  std::string text;
  std::size_t count = 0;
  for (; text.size() < 3'000'000; ++count)
    text +=
        std::string(count % 701, count % 2 == 0 ? ' ' : '\xb7') + " " + (count % 3 == 0 ? code : jwt) + "\n";
  const auto in_base64 = base64(text);
  for (const auto& dump : {in_base64, test::folded(in_base64, 76, "\r\n"), base64(in_base64)}) {
    const auto found = scan(dump);
    CHECK(found.size() == count);
    std::set<std::uint64_t> places;
    for (const auto& one : found) places.insert(one.offset);
    CHECK(places.size() == count);
  }
}

TEST_CASE("what is found does not depend on blocks, and is said with its place") {
  const std::string noise(40'000, 'x');
  std::string dump;
  for (int i = 0; i < 120; ++i)
    dump +=
        noise.substr(0, static_cast<std::size_t>(i) * 331) + "\n" + jwt + "\n" + base64(" " + fernet) + "\n";
  const auto all = scan(dump);
  REQUIRE(all.size() == 240);
  for (const std::size_t piece : {std::size_t{777}, std::size_t{65536}, dump.size()}) {
    const auto again = scan(dump, piece);
    REQUIRE(again.size() == all.size());
    for (std::size_t i = 0; i < all.size(); ++i) {
      CHECK(again[i].offset == all[i].offset);
      CHECK(again[i].line == all[i].line);
    }
  }
  std::uint64_t line = 2;
  for (std::size_t i = 0; i < all.size(); i += 2, line += 3) {
    CHECK(dump.substr(all[i].offset, jwt.size()) == jwt);
    CHECK(all[i].line == line);
    CHECK(all[i + 1].form == LeakForm::base64);
    CHECK(all[i + 1].line == line + 1);
  }
}

TEST_CASE("vector code and plain code search alike") {
  test::SeededRandom random;
  std::string noise(200'000, '\0');
  random.fill({reinterpret_cast<std::uint8_t*>(noise.data()), noise.size()});
  const auto text = base64(noise) + noise + base64(jwt) + code;
  const auto walk = [&] {
    std::string seen;
    for (auto hit = credential::find_leak_anchor(text, 0); hit.anchor != nullptr;
         hit = credential::find_leak_anchor(text, hit.at + 1))
      seen += std::to_string(hit.at) + ":" + std::string(hit.anchor->text) + " ";
    std::string copy(text.size() + 64, '\0');
    for (std::size_t at = 0; at < text.size(); ++at) {
      const auto count = credential::copy_to_special(std::string_view(text).substr(at), copy.data());
      if (std::string_view(copy).substr(0, count) != std::string_view(text).substr(at, count)) seen += "?";
      seen += std::to_string(at += count) + " ";
    }
    for (auto at = credential::find_dashes(text, 0); at != text.npos;
         at = credential::find_dashes(text, at + 1))
      seen += std::to_string(at) + "- ";
    for (auto at = credential::find_wrapped(text, 0, text.size()); at != text.npos;
         at = credential::find_wrapped(text, at + 1, text.size()))
      seen += std::to_string(at) + "w ";
    return seen;
  };
  const auto fast = walk();
  CHECK(fast.size() > 1000);
  credential::use_leak_engine(credential::LeakEngine::plain);
  const auto plain = walk();
  credential::use_leak_engine(credential::LeakEngine::automatic);
  CHECK(fast == plain);
  for (const auto& anchor : credential::leak_anchors()) {
    INFO(anchor.text);
    CHECK(std::ranges::all_of(anchor.text, credential::is_base64url));
  }
}

TEST_CASE("what only looks like a secret is none") {
  for (const std::string text :
       {"eyJ", "eyJhbGciOiJFUzI1NiJ9", "eyJhbGciOiJFUzI1NiJ9.eyJhIjoxfQ",
        "eyJhbGciOiJFUzI1NiJ9.eyJhIjoxfQ.short", "gAAAAAB", "authctl_cs_", "authctl_rt_short",
        "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----",
        "-----BEGIN PRIVATE KEY-----\nAAAA\n-----BEGIN PRIVATE KEY-----",
        "-----BEGIN PRIVATE KEY-----\n!!!\n-----END PRIVATE KEY-----",
        "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"a\",\"y\":\"b\"}", "\"kty\"",
        "123e4567-e89b-12d3-a456-426614174000", "abcd-efgh-jkmn-pqrs-tuvw", "xabcd-efgh-jkmn-pqrs",
        "abcd-efgh-jkmn-pq0s"}) {
    INFO(text);
    CHECK(scan(text).empty());
  }
  CHECK(scan("abcd-efgh-jkmn-pqrs\nABCD-EFGH-JKMN-PQRS\n").size() == 2);
}
