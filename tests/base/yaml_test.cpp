#include "core/base/yaml.h"

#include "core/base/error.h"
#include "tests/support/catch.h"

using namespace authctl;
using base::YamlNode;

namespace {

std::string refusal(std::string_view text, const base::YamlLimits& limits = {}) {
  try {
    base::parse_yaml(text, limits);
  } catch (const base::Error& error) {
    CHECK(error.code() == base::ErrorCode::invalid);
    return error.message();
  }
  return "taken";
}

}  // namespace

TEST_CASE("YAML is read into a tree whose nodes know their lines") {
  const auto root = base::parse_yaml("version: 1\nroles:\n  - {name: \"a b\", of: [x, 'y']}\n  - name: ~\n");
  REQUIRE(root.members.size() == 2);
  CHECK(root.members[0].value.text == "1");
  const auto& roles = root.members[1].value;
  REQUIRE(roles.items.size() == 2);
  CHECK(roles.items[0].line == 3);
  CHECK(roles.items[0].members[0].value.text == "a b");
  CHECK(roles.items[0].members[0].value.quoted);
  CHECK(roles.items[0].members[1].value.items[1].text == "y");
  CHECK(roles.items[1].members[0].value.is_null());
  CHECK_FALSE(base::parse_yaml("'null'").is_null());
}

TEST_CASE("JSON is read as YAML, characters beyond the first plane too") {
  const auto root = base::parse_yaml(R"({"a":"\ud83d\ude00\\ud83d\/","b":[1,true,null]})");
  CHECK(root.members[0].value.text == "\U0001f600\\ud83d/");
  CHECK(root.members[1].value.items[2].is_null());
}

TEST_CASE("what hides something, or grows when it is read, is refused with its line") {
  CHECK(refusal("a: &x 1\nb: *x\n") == "line 1: anchors are not taken");
  CHECK(refusal("b: *x\n") == "line 1: aliases are not taken");
  CHECK(refusal("a: 1\nb: !!int 2\n") == "line 2: tags are not taken");
  CHECK(refusal("a: 1\n---\nb: 2\n") == "line 2: a second document begins here");
  CHECK(refusal("a: 1\nb: 2\na: 3\n") == "line 3: the member \"a\" stands twice");
  CHECK(refusal("{\"a\": 1,\n\"\\u0061\": 2}") == "line 2: the member \"a\" stands twice");
  CHECK(refusal("? [a]\n: 1\n") == "line 1: the name of a member is a text");
  CHECK(refusal("") == "line 1: there is nothing in it");
  CHECK(refusal("a: [1\n").starts_with("line 2: no YAML: "));
  CHECK(refusal("a: \"\x01\"\n").starts_with("line 1: no YAML: "));
  CHECK(refusal("\xff") == "not UTF-8 without a byte order mark");
  CHECK(refusal("\xef\xbb\xbf"
                "a: 1") == "not UTF-8 without a byte order mark");
}

TEST_CASE("size, depth and the number of values are bounded") {
  CHECK(refusal("a: 1", {.max_bytes = 3}) == "longer than 3 bytes");
  CHECK(refusal(std::string(100000, '[')) == "line 1: nested deeper than 16 levels");
  std::string deep;
  for (int i = 0; i < 40; ++i) deep += std::string(static_cast<std::size_t>(i), ' ') + "a:\n";
  CHECK(refusal(deep) == "line 16: nested deeper than 16 levels");
  CHECK(refusal("[1, 2, 3]", {.max_nodes = 3}) == "line 1: more than 3 values");
}

TEST_CASE("a text as a scalar reads back as that text") {
  for (const std::string text : {"ann",
                                 "post/42",
                                 "edit:posts",
                                 "",
                                 "null",
                                 "yes",
                                 "on",
                                 "1",
                                 "1e3",
                                 "0x1f",
                                 "2026-01-01",
                                 "a b",
                                 " a",
                                 "a#b",
                                 "- a",
                                 "\"'\\",
                                 "\x7f\xc2\x85\xe2\x80\xae",
                                 "tab\tnewline\n",
                                 "\U0001f600",
                                 "@x",
                                 "a: b",
                                 "%x",
                                 "*",
                                 "&x"}) {
    INFO(text);
    const auto scalar = base::yaml_scalar(text);
    const auto root = base::parse_yaml("a: [" + scalar + ", {b: " + scalar + "}]\n");
    CHECK(root.members[0].value.items[0].text == text);
    CHECK_FALSE(root.members[0].value.items[0].is_null());
    CHECK(root.members[0].value.items[1].members[0].value.text == text);
    CHECK(scalar.find('\x7f') == std::string::npos);
  }
  CHECK(base::yaml_scalar("ann") == "ann");
  CHECK(base::yaml_scalar("no") == "\"no\"");
}
