#include "cli/present.h"

#include <sstream>

#include "core/base/error.h"
#include "core/base/text.h"
#include "tests/support/catch.h"
#include "tests/support/vectors.h"

using namespace authctl;
using commands::Field;
using commands::FieldType;
using commands::Output;
using commands::Shape;
namespace json = base::json;

namespace {

constexpr Field factor_fields[] = {{"totp", FieldType::boolean, false, "enrolled", ""},
                                   {"codes", FieldType::integer, false, "left", ""}};
constexpr Shape factor_shape{"factors", "", factor_fields};
constexpr Field fields[] = {
    {"id", FieldType::text, false, "of the thing", "id"},
    {"name", FieldType::text, false, "its name", "name"},
    {"roles", FieldType::strings, false, "its roles", "roles"},
    {"note", FieldType::text, true, "prose", "note"},
    {"mfa", FieldType::object, true, "factors", "", &factor_shape},
};
constexpr Shape shape{"thing", "id", fields};

json::object thing(const std::string& id, const std::string& name, json::value note = nullptr) {
  return {{"note", note},
          {"name", name},
          {"id", id},
          {"roles", {"a", "b"}},
          {"mfa", {{"codes", 3}, {"totp", true}}}};
}

struct Printed {
  std::string out, err;
};

Printed print(Output output, cli::Style style = {}, bool terminal = false, std::size_t width = 80) {
  std::istringstream in;
  std::ostringstream out, err;
  const cli::Console console{in, out, err, terminal, terminal, terminal, width};
  style.strict_shapes = true;
  cli::present(output, console, style);
  return {out.str(), err.str()};
}

bool is_safe(std::string_view text) {
  std::string without_newlines;
  for (const char c : text) {
    if (c != '\n') without_newlines += c;
  }
  return base::printable(without_newlines) == without_newlines;
}

}  // namespace

TEST_CASE("a drawing has its colours and how long ago its times are beside it, for a person alone") {
  const auto at = base::parse_timestamp("2026-01-01T12:00:00Z").value();
  const std::string drawn =
      "+ role editor\n"
      "    - permissions: edit:posts\n"
      "  ├─ warn     user-mfa: two\n"
      "  activate  2026-01-01T12:15:00Z\n"
      "next, from 2026-01-01T12:15:00Z on\n"
      "failing is no mark, -q neither\n";
  Output output = Output::one(shape, thing("1", "a"));
  CHECK(print(output.with_view(drawn)).out == drawn);
  cli::Style style;
  style.now = at;
  style.colour = true;
  const auto seen = print(Output::one(shape, thing("1", "a")).with_view(drawn), style, true).out;
  CHECK(seen ==
        "\x1b[32m+ role editor\x1b[0m\n"
        "    \x1b[31m- permissions: edit:posts\x1b[0m\n"
        "  ├─ \x1b[33mwarn\x1b[0m     user-mfa: two\n"
        "  activate  2026-01-01T12:15:00Z (in 15m)\n"
        "next, from 2026-01-01T12:15:00Z on\n"
        "failing is no mark, -q neither\n");
  style.colour = false;
  const auto narrow = print(Output::one(shape, thing("1", "a")).with_view(drawn), style, true, 36).out;
  CHECK(narrow == drawn);
}

TEST_CASE("a narrow terminal folds a drawing between words, behind its branches, and breaks no command") {
  const std::string drawn =
      "keys      1 to look at, 7 ok\n"
      "  ├─ warn     key-policy: nothing says how often          \n"
      "  │           > authctl apply -f a-file-with-a-long-name.yaml\n"
      "  └─ ok       key-old: none\n"
      "  ################################################\n"
      "  authctl key rotate --use jwt --staged --reason why\n";
  cli::Style style;
  style.now = base::Timestamp{};
  Output output = Output::one(shape, thing("1", "a"));
  CHECK(print(output.with_view(drawn), style, true, 30).out ==
        "keys      1 to look at, 7 ok\n"
        "  ├─ warn     key-policy:\n"
        "  │    nothing says how often\n"
        "  │           > authctl apply -f a-file-with-a-long-name.yaml\n"
        "  └─ ok       key-old: none\n"
        "  ################################################\n"
        "  authctl key rotate --use jwt --staged --reason why\n");
}

TEST_CASE("a list is a table with aligned columns") {
  CHECK(print(Output::many(shape, json::array{thing("1", "ann"), thing("22", "bob", "on leave")})).out ==
        "ID  NAME  ROLES  NOTE\n"
        "1   ann   a, b   -\n"
        "22  bob   a, b   on leave\n");
}

TEST_CASE("an empty list prints nothing in a table, and an empty array in JSON") {
  CHECK(print(Output::many(shape, json::array{})).out.empty());
  CHECK(print(Output::many(shape, json::array{}), {.format = cli::Format::json}).out == "[]\n");
  CHECK(print(Output::many(shape, json::array{}), {.format = cli::Format::jsonl}).out.empty());
  CHECK(print(Output::many(shape, json::array{}), {.quiet = true}).out.empty());
}

TEST_CASE("one thing is a line for each member, inner members by their path") {
  CHECK(print(Output::one(shape, thing("1", "ann"))).out ==
        "id:        1\n"
        "name:      ann\n"
        "roles:     a, b\n"
        "note:      -\n"
        "mfa.totp:  yes\n"
        "mfa.codes: 3\n");
}

TEST_CASE("JSON has its members in the order of the shape, inside too, and null for what is absent") {
  const std::string expected =
      R"({"id":"1","name":"ann","roles":["a","b"],"note":null,"mfa":{"totp":true,"codes":3}})";
  CHECK(print(Output::one(shape, thing("1", "ann")), {.format = cli::Format::json}).out == expected + "\n");
  CHECK(print(Output::many(shape, json::array{thing("1", "ann"), thing("1", "ann")}),
              {.format = cli::Format::json})
            .out == "[" + expected + "," + expected + "]\n");
  CHECK(print(Output::many(shape, json::array{thing("1", "ann"), thing("1", "ann")}),
              {.format = cli::Format::jsonl})
            .out == expected + "\n" + expected + "\n");
}

TEST_CASE("on a terminal JSON is indented") {
  CHECK(print(Output::many(shape, json::array{thing("1", "ann")}), {.format = cli::Format::json}, true).out ==
        "[\n  {\n    \"id\": \"1\",\n    \"name\": \"ann\",\n    \"roles\": [\n      \"a\",\n      \"b\"\n   "
        " ],\n"
        "    \"note\": null,\n    \"mfa\": {\n      \"totp\": true,\n      \"codes\": 3\n    }\n  }\n]\n");
}

TEST_CASE("quiet prints ids, one a line, and nothing where there is none") {
  CHECK(print(Output::many(shape, json::array{thing("1", "ann"), thing("2", "bob")}), {.quiet = true}).out ==
        "1\n2\n");
  CHECK(print(Output::one(factor_shape, {{"totp", true}, {"codes", 1}}), {.quiet = true}).out.empty());
  CHECK(print(Output::one(shape, thing("7", "x")), {.format = cli::Format::json, .quiet = true}).out ==
        "7\n");
}

TEST_CASE("a payload is printed to the byte in every mode but JSON") {
  const std::string payload("a\0\x1b[2J\xff", 7);
  CHECK(print(Output::bytes(payload, shape, thing("1", "x"))).out == payload);
  CHECK(print(Output::bytes(payload, shape, thing("1", "x")), {.quiet = true}).out == payload);
  CHECK(print(Output::bytes(payload, shape, thing("1", "x")), {.format = cli::Format::jsonl})
            .out.starts_with("{\"id\":\"1\""));
}

TEST_CASE("on a narrow terminal prose gives way, and what one copies stays whole") {
  const std::string id(30, 'x');
  const json::string prose = "a long story that nobody will read to its end on a narrow screen";
  const auto out = print(Output::many(shape, json::array{thing(id, "ann", prose)}), {}, true, 60).out;
  CHECK(out.find(id) != std::string::npos);
  CHECK(out.find("narrow screen\n") != std::string::npos);  // goes on below, to its end
  std::istringstream lines(out);
  for (std::string line; std::getline(lines, line);) CHECK(base::display_width(line) <= 60);
  CHECK(print(Output::many(shape, json::array{thing(id, "ann", prose)})).out.find(prose.c_str()) !=
        std::string::npos);
  const auto unbreakable =
      print(Output::many(shape, json::array{thing(std::string(90, 'y'), "ann")}), {}, true, 60).out;
  CHECK(unbreakable.find(std::string(90, 'y')) != std::string::npos);
}

TEST_CASE("a table of any length is streamed, with the widths of its first rows") {
  int made = 0;
  std::istringstream in;
  std::ostringstream out, err;
  const cli::Console console{in, out, err};
  auto output = Output::many(shape, [&]() -> std::optional<json::object> {
    if (made == 2000) return std::nullopt;
    if (made == 1500) CHECK(out.str().size() > 1000);
    return thing(std::to_string(made++), "n");
  });
  cli::present(output, console, {});
  const std::string text = out.str();
  CHECK(std::count(text.begin(), text.end(), '\n') == 2001);
}

TEST_CASE("data that departs from its shape is an internal error where shapes are strict") {
  auto lacking = thing("1", "ann");
  lacking.erase("note");
  auto extra = thing("1", "ann");
  extra["more"] = 1;
  auto empty = thing("1", "ann");
  empty["name"] = nullptr;
  for (auto& data : {lacking, extra, empty}) {
    try {
      print(Output::one(shape, data));
      FAIL_CHECK("not noticed");
    } catch (const base::Error& error) {
      CHECK(error.code() == base::ErrorCode::internal);
    }
  }
}

TEST_CASE("notices go to standard error in every mode") {
  for (const auto format : {cli::Format::table, cli::Format::json, cli::Format::jsonl}) {
    const auto printed = print(Output::one(shape, thing("1", "ann")).with_notice("nothing\x1b[0m changed"),
                               {.format = format});
    CHECK(printed.err == "authctl: nothing\\u{1b}[0m changed\n");
  }
}

TEST_CASE("the title is bold only where colour is wanted") {
  CHECK(print(Output::many(shape, json::array{thing("1", "a")}), {.colour = true})
            .out.starts_with("\x1b[1mID"));
  CHECK(print(Output::many(shape, json::array{thing("1", "a")})).out.starts_with("ID"));
}

TEST_CASE("nothing that a terminal would act on leaves through a table, a view or JSON") {
  std::vector<std::string> values{"\x1b[2J",  "a\nb",          "a\rb",
                                  "\u009b2J", "\u202egnp.exe", "\xff\xfe",
                                  "\x7f",     "ad\u200bmin",   std::string("nul\0nul", 7)};
  if (const auto folder = tests::published_vectors("output-safety")) {
    const auto all = tests::read_json_file(*folder + "/values.json");
    for (const auto& entry : all.as_array()) {
      values.emplace_back(entry.at("value").as_string());
    }
  }
  if (const auto folder = tests::published_vectors("naughty-strings")) {
    const auto all = tests::read_json_file(*folder + "/blns.json");
    for (const auto& entry : all.as_array()) values.emplace_back(entry.as_string());
  }
  for (const auto& value : values) {
    INFO(base::quote(value));
    const auto many = [&] {
      return Output::many(shape, json::array{thing(value, value, json::value(value))});
    };
    CHECK(is_safe(print(many(), {}, true).out));
    const auto table = print(many()).out;  // as wide as it likes: a line of titles and one of values
    CHECK(is_safe(table));
    CHECK(std::count(table.begin(), table.end(), '\n') == 2);
    CHECK(is_safe(print(Output::one(shape, thing(value, value))).out));
    CHECK(is_safe(print(Output::one(shape, thing("1", "x")).with_view(value)).out));
    CHECK(is_safe(print(Output::one(shape, thing(value, value)), {.quiet = true}).out));
    const auto text = print(Output::one(shape, thing("1", value)), {.format = cli::Format::jsonl}).out;
    CHECK(is_safe(text));
    CHECK(std::count(text.begin(), text.end(), '\n') == 1);
    const auto back = base::parse_json(text.substr(0, text.size() - 1));
    REQUIRE(back);
    if (base::is_utf8(value)) CHECK(back->at("name").as_string() == value);
  }
}
