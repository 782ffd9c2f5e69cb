#include "core/credential/redirect_uri.h"

#include "tests/support/catch.h"
#include "tests/support/vectors.h"

using namespace authctl;
using credential::complaint_about_redirect_uri;

TEST_CASE("redirect URIs are registered and compared as the vectors say") {
  const auto cases = tests::read_json_file(tests::made_vector("oauth/redirect-uri.json"));
  std::size_t refused = 0, compared = 0;
  for (const auto& entry : cases.as_array()) {
    const auto& registered = entry.at("registered").as_array();
    const auto expect = entry.at("expect").as_string();
    INFO(std::string(entry.at("category").as_string()) << " " << std::string(entry.at("name").as_string()));
    if (entry.at("category").as_string() == "registration") {
      for (const auto& uri : registered) CHECK(complaint_about_redirect_uri(uri.as_string()));
      ++refused;
      continue;
    }
    for (const auto& uri : registered) CHECK_FALSE(complaint_about_redirect_uri(uri.as_string()));
    if (!entry.at("requested").is_string()) continue;
    bool matches = false;
    for (const auto& uri : registered)
      matches =
          matches || credential::redirect_uri_matches(uri.as_string(), entry.at("requested").as_string());
    CHECK(matches == (expect == "match"));
    ++compared;
  }
  CHECK(refused >= 10);
  CHECK(compared >= 40);
}

TEST_CASE("what may be registered") {
  for (const char* uri :
       {"https://app.example.com", "https://app.example.com/", "https://app.example.com:8443/cb?tenant=1",
        "http://127.0.0.1/cb", "http://127.0.0.1:3000/cb", "http://[::1]/cb", "http://localhost:3000/cb",
        "https://[2001:db8::1]/cb", "com.example.app:/cb", "com.example.app://callback",
        "https://a.example/c%20b"})
    CHECK(complaint_about_redirect_uri(uri).value_or("") == "");
}

TEST_CASE("what another program could read as another place is not registered") {
  for (const char* uri : {"",
                          "https://",
                          "https:/app.example.com/cb",
                          "https:app",
                          "//app.example.com/cb",
                          "HTTPS://a.example/cb",
                          "https://A.example/cb",
                          "https://u@a.example/cb",
                          "https://u:p@a.example/cb",
                          "https://a.example:/cb",
                          "https://a.example:0/cb",
                          "https://a.example:65536/cb",
                          "https://a.example:0443/cb",
                          "https://a.example./cb",
                          "https://a..example/cb",
                          "https://-a.example/cb",
                          "https://a.example/./cb",
                          "https://a.example/%2e%2e/cb",
                          "https://a.example/%2fcb",
                          "https://a.example/%00",
                          "https://a.example/%0d%0a",
                          "https://a.example/%5c",
                          "https://a.example/%",
                          "https://a.example/%zz",
                          "https://a.example\\@b.example/",
                          "https://a.example/a b",
                          "https://a.example/\xc3\xa9",
                          "https://a.example/\"x\"",
                          "http://localhost.evil/cb",
                          "http://127.0.0.1.evil.example/",
                          "http://127.0.0.2/cb",
                          "http://2130706433/cb",
                          "http://app.example.com/cb",
                          "JavaScript:alert(1)",
                          "javascript:alert(1)",
                          "DaTa:text/html,x",
                          "data:text/html,x",
                          "vbscript:x",
                          "file:///etc/passwd",
                          "ftp://a.example/",
                          "myapp:/cb",
                          "1.com:/cb",
                          ".com:/cb",
                          "com.:/cb",
                          "com.example.app:",
                          "com.example.app:/cb#x",
                          "com.example.app:/a/../b",
                          "blob:https://a.example/x",
                          "about:blank",
                          "https://a.example/[x]",
                          "https://*.example.com/cb",
                          "https://a.example/*",
                          "urn:ietf:wg:oauth:2.0:oob"}) {
    INFO(uri);
    CHECK(complaint_about_redirect_uri(uri));
  }
  CHECK(complaint_about_redirect_uri("https://a.example/" + std::string(2048, 'a')));
}
