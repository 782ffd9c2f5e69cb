#include "core/service/access_pattern.h"

#include "core/base/error.h"
#include "tests/support/catch.h"

namespace authctl::service {
namespace {

TEST_CASE("a permission is segments of its alphabet apart by a colon or a dot") {
  for (const char* good : {"read", "read:posts", "a.b:c", "*", "read:*", "*:posts", "a:*:c", "a_b-c:0"})
    CHECK(Permission::parse(good));
  for (const char* bad : {"", ":", "read:", ":read", "a::b", "a..b", "read:posts ", " read", "Read:posts",
                          "re*d", "read:**", "read:*x", "read%3Aposts", "read/posts",
                          "r\xc3\xa9"
                          "ad",
                          "read\n", "a\tb"})
    CHECK_FALSE(Permission::parse(bad));
  CHECK_FALSE(Permission::parse(std::string_view("read:posts\0", 11)));
  CHECK(Permission::parse(std::string(128, 'a')));
  CHECK_FALSE(Permission::parse(std::string(129, 'a')));
  CHECK_THROWS_AS(Permission("read:"), base::Error);
}

TEST_CASE("a resource is a kind and an id that no other program reads as another") {
  for (const char* good :
       {"post/42", "post/*", "*/42", "*/*", "repo/org/name", "file/A-b_c.d~e", "mail/a@b.c"})
    CHECK(Resource::parse(good));
  for (const char* bad : {"", "post", "post/", "/42", "post//42", "Post/42", "post/..", "post/./42",
                          "post/4%32", "post/4 2", "post/4*", "post/42/", "post/\xc3\xa9", "po@st/1", "../x"})
    CHECK_FALSE(Resource::parse(bad));
  CHECK(Resource::parse("*")->text() == "*/*");
  CHECK(Resource::parse("k/" + std::string(254, 'a')));
  CHECK_FALSE(Resource::parse("k/" + std::string(255, 'a')));
}

TEST_CASE("a role name is folded to lower case and otherwise taken as it is or refused") {
  CHECK(parse_role_name("Editor") == "editor");
  CHECK(parse_role_name("team+a.b_c-d@x'y") == "team+a.b_c-d@x'y");
  CHECK(parse_role_name(std::string(64, 'r')).size() == 64);
  for (const char* bad :
       {"", " root", "root ", "ro ot", ".root", "-root", "r\xc3\xb6st", "a:b", "a/b", "a*", "a\n"})
    CHECK_THROWS_AS(parse_role_name(bad), base::Error);
  CHECK_THROWS_AS(parse_role_name(std::string(65, 'r')), base::Error);
}

TEST_CASE("a star stands for one segment and a last star for all that follow") {
  struct Case {
    const char *pattern, *asked;
    bool covers;
  };
  const Case cases[] = {{"read:posts", "read:posts", true},
                        {"read:posts", "read:post", false},
                        {"read:posts", "read:postsx", false},
                        {"read:posts", "read", false},
                        {"read", "read:posts", false},
                        {"read:*", "read:posts", true},
                        {"read:*", "read:posts:42", true},
                        {"read:*", "read", false},
                        {"*:posts", "read:posts", true},
                        {"*:posts", "read:posts:42", false},
                        {"*:posts", "read:write:posts", false},
                        {"a:*:c", "a:b:c", true},
                        {"a:*:c", "a:b:d", false},
                        {"a:*:c", "a:b:b:c", false},
                        {"*", "read", true},
                        {"*", "read:posts:42", true},
                        {"read:*", "read.posts", false},
                        {"read.posts", "read:posts", false},
                        {"read:*", "read:posts.draft", true},
                        // A question with a star asks for everything that it covers.
                        {"read:posts", "read:*", false},
                        {"read:*", "read:*", true},
                        {"*", "read:*", true},
                        {"read:*:x", "read:*", false},
                        {"*:posts", "*:posts", true},
                        {"read:posts", "*:posts", false},
                        {"*:*", "read:*", true},
                        {"*:*", "*", false},
                        {"read:*", "read:*:x", true}};
  for (const auto& [pattern, asked, expected] : cases) {
    CAPTURE(pattern, asked);
    CHECK(permission_covers(pattern, asked) == expected);
  }
}

TEST_CASE("admin:all allows everything and nothing but itself or a star gives it") {
  CHECK(grant_allows("admin:all", "delete:posts"));
  CHECK(grant_allows("admin:all", "*"));
  CHECK(grant_allows("*", "admin:all"));
  CHECK(grant_allows("admin:*", "admin:all"));
  CHECK_FALSE(grant_allows("admin:*", "read:posts"));
  CHECK_FALSE(grant_allows("admin:all:x", "read:posts"));
}

TEST_CASE("a grant on a resource never answers a question without one") {
  CHECK(resource_covers("", ""));
  CHECK(resource_covers("", "post/42"));
  CHECK_FALSE(resource_covers("*/*", ""));
  CHECK(resource_covers("*/*", "post/42"));
  CHECK(resource_covers("post/*", "post/42/comment/7"));
  CHECK(resource_covers("*/42", "post/42"));
  CHECK_FALSE(resource_covers("*/42", "post/42/x"));
  CHECK_FALSE(resource_covers("post/42", "post/*"));
  CHECK_FALSE(resource_covers("post/42", "post/43"));
}

TEST_CASE("what two resources have in common covers exactly what both cover") {
  using Both = std::optional<std::string>;
  CHECK(intersect_resources("", "post/42") == Both("post/42"));
  CHECK(intersect_resources("post/42", "") == Both("post/42"));
  CHECK(intersect_resources("post/*", "*/42") == Both("post/42"));
  CHECK(intersect_resources("*/*", "post/*") == Both("post/*"));
  CHECK(intersect_resources("post/*", "*/42/x") == Both("post/42/x"));
  CHECK(intersect_resources("post/42", "post/43") == std::nullopt);
  CHECK(intersect_resources("*/42", "post/42/x") == std::nullopt);
  const char* all[] = {"", "*/*", "p/*", "*/1", "p/1", "p/1/x", "p/*/x", "*/*/x", "p/1/*", "*/1/*", "q/1"};
  for (const auto* a : all)
    for (const auto* b : all)
      for (const auto* asked : all) {
        CAPTURE(a, b, asked);
        const auto both = intersect_resources(a, b);
        CHECK((both && resource_covers(*both, asked)) ==
              (resource_covers(a, asked) && resource_covers(b, asked)));
      }
}

TEST_CASE("the texts that are looked up are exactly those that would allow the question") {
  const char* words[] = {"a", "b", "*"};
  std::vector<std::string> all;
  for (const std::string x : words) {
    all.push_back(x);
    for (const std::string y : words)
      for (const std::string s : {":", "."}) {
        all.push_back(x + s + y);
        for (const std::string z : words) all.push_back(x + s + y + ":" + z);
      }
  }
  for (const auto& asked : all) {
    const auto texts = granting_permissions(asked);
    REQUIRE(texts);
    for (const auto& granted : all) {
      CAPTURE(asked, granted);
      CHECK((std::ranges::find(*texts, granted) != texts->end()) == grant_allows(granted, asked));
    }
  }
  CHECK(granting_permissions("read:posts")->size() == 6);
  CHECK(granting_permissions("a:b:c:d:e")->size() == 48);
  CHECK_FALSE(granting_permissions("a:b:c:d:e:f"));
  CHECK(covering_resources("")->size() == 1);
  CHECK(covering_resources("post/42")->size() == 5);
}

}  // namespace
}  // namespace authctl::service
