#include "core/audit/redaction.h"

#include "core/audit/formats.h"
#include "tests/support/catch.h"

using namespace authctl;
using audit::Privacy;

namespace {

audit::StoredEntry an_entry() {
  audit::StoredEntry entry;
  entry.seq = 7;
  entry.time = 1767225600123;
  entry.actor = "os:ann";
  entry.action = "user.create";
  entry.target_kind = "user";
  entry.target_id = "0190";
  entry.target_name = "john@example.com";
  entry.outcome = "success";
  entry.ip = "203.0.113.9";
  entry.reason = "asked by eve@example.org";
  entry.detail = R"({"email":"john@example.com","from":["198.51.100.7"],"jti":"0123456789abcdef","n":3})";
  return entry;
}

}  // namespace

TEST_CASE("e-mail and network addresses are masked wherever they stand") {
  const std::pair<const char*, const char*> cases[] = {
      {"john@example.com", "j***@example.com"},
      {"j@example.com", "j***@example.com"},
      {"mail <john.doe+x@mail.example.com>, now", "mail <j***@mail.example.com>, now"},
      {"a@b.org b@c.org", "a***@b.org b***@c.org"},
      {"\u00e9ve@example.com", "\u00e9***@example.com"},
      {"root@localhost", "r***@localhost"},
      {"@ann and ann@", "@ann and ann@"},
      {"203.0.113.9", "203.0.***.***"},
      {"from 203.0.113.9:8080.", "from 203.0.***.***:8080."},
      {"saw 203.0.113.9.", "saw 203.0.***.***."},
      {"2001:db8::1", "2001:db8:***"},
      {"[2001:db8:1:2:3:4:5:6]", "[2001:db8:***]"},
      {"::1", "::***"},
      {"1.2.3", "1.2.3"},
      {"12:00:01", "12:00:01"},
      {"os:ann", "os:ann"},
      {"user:0190b6f0-5b7c-7abc-8def-0123456789ab", "user:0190b6f0-5b7c-7abc-8def-0123456789ab"},
      {"", ""}};
  for (const auto& [text, masked] : cases) CHECK(audit::redact_text(text) == masked);
}

TEST_CASE("the JSON of an entry has its members in their order, masked") {
  CHECK(base::json::serialize(audit::entry_json(an_entry(), Privacy::redacted)) ==
        R"({"seq":7,"time":"2026-01-01T00:00:00Z","actor":"os:ann","action":"user.create",)"
        R"("target":{"kind":"user","id":"0190","name":"j***@example.com"},"outcome":"success",)"
        R"("ip":"203.0.***.***","reason":"asked by e***@example.org",)"
        R"("detail":{"email":"j***@example.com","from":["198.51.***.***"],"jti":"01234567…","n":3}})");
}

TEST_CASE("what is revealed is whole, but for the id of a token") {
  auto entry = an_entry();
  CHECK(base::json::serialize(audit::entry_json(entry, Privacy::revealed)) ==
        R"({"seq":7,"time":"2026-01-01T00:00:00Z","actor":"os:ann","action":"user.create",)"
        R"("target":{"kind":"user","id":"0190","name":"john@example.com"},"outcome":"success",)"
        R"("ip":"203.0.113.9","reason":"asked by eve@example.org",)"
        R"("detail":{"email":"john@example.com","from":["198.51.100.7"],"jti":"01234567…","n":3}})");
  entry.target_kind = "token";
  entry.target_id = "0123456789abcdef";
  entry.target_name.reset();
  entry.ip.reset();
  entry.detail = "no JSON";
  const auto json = audit::entry_json(entry, Privacy::revealed);
  CHECK(json.at("target").at("id") == "01234567\u2026");
  CHECK(json.at("target").at("name").is_null());
  CHECK(json.at("ip").is_null());
  CHECK(json.at("detail").at("unreadable") == "no JSON");
}

TEST_CASE("no cell of a CSV export is a formula, and each entry is one record") {
  for (const char* formula :
       {"=1+1", "+1+1", "-1", "@SUM(1)", "\t=1+1", "=cmd|'/C calc'!A0", " =1+1", "\uff1d1+1", "\t1"}) {
    CHECK(audit::csv_cell(formula) == "\"'" + std::string(formula) + "\"");
  }
  CHECK(audit::csv_cell("\r=1") == "\"'\\u{d}=1\"");
  CHECK(audit::csv_cell("denied\rallowed") == "\"denied\\u{d}allowed\"");
  CHECK(audit::csv_cell("\ufeff=1\x1b[2J") == "\"'\\u{feff}=1\\u{1b}[2J\"");
  CHECK(audit::csv_cell("a,b") == "\"a,b\"");
  CHECK(audit::csv_cell("say \"x\"") == "\"say \"\"x\"\"\"");
  auto entry = an_entry();
  entry.target_name = "=HYPERLINK(\"http://evil.example\")";
  entry.reason = "bob\r\n2026-01-01,login";
  CHECK(audit::csv_line(audit::entry_json(entry, Privacy::redacted)) ==
        "7,\"2026-01-01T00:00:00Z\",\"os:ann\",\"user.create\",\"user\",\"0190\","
        "\"'=HYPERLINK(\"\"http://"
        "evil.example\"\")\",\"success\",\"203.0.***.***\",\"bob\r\n2026-01-01,login\","
        "\"{\"\"email\"\":\"\"j***@example.com\"\",\"\"from\"\":[\"\"198.51.***.***\"\"],"
        "\"\"jti\"\":\"\"01234567…\"\",\"\"n\"\":3}\"\r\n");
}

TEST_CASE("a CEF record is one line whose fields cannot be forged") {
  auto entry = an_entry();
  entry.action = "a|b\\c";
  entry.target_name = "x outcome=failure\nCEF:0|";
  entry.reason.reset();
  entry.ip.reset();
  entry.detail = "{}";
  CHECK(audit::cef_line(audit::entry_json(entry, Privacy::redacted), "1.0") ==
        "CEF:0|authctl|authctl|1.0|a\\|b\\\\c|a\\|b\\\\c|3|rt=1767225600000 externalId=7 suser=os:ann "
        "outcome=success "
        "cs1=user cs1Label=targetKind cs2=0190 cs2Label=targetId cs3=x outcome\\=failure\\nCEF:0| "
        "cs3Label=targetName "
        "cs4={} cs4Label=detail\n");
}
