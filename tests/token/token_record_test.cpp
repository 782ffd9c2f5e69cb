#include "core/token/token_record.h"

#include "core/base/error.h"
#include "tests/support/catch.h"

using namespace authctl;
using namespace authctl::token;

namespace {
using Kind = TokenPlace::Kind;

// What stands where the token was found; the problem of a bad record; "(empty)".
std::string found(std::string_view record, const RecordLayout& layout) {
  const auto place = find_token(record, layout);
  if (place.kind == Kind::empty) return "(empty)";
  return std::string(place.kind == Kind::bad ? place.problem : place.token_in(record));
}
std::string in_json(std::string_view record) { return found(record, {RecordForm::json_lines, "t"}); }

std::vector<std::string> split(std::string_view text, RecordForm form, std::size_t block) {
  RecordSplitter splitter(form);
  std::vector<std::string> records;
  std::string held;
  std::size_t scanned = 0;
  for (std::size_t i = 0; i < text.size(); i += block) {
    held += text.substr(i, block);
    while (const auto end = splitter.next_end(held, scanned)) {
      records.push_back(held.substr(0, *end));
      held.erase(0, *end);
      scanned = 0;
    }
    scanned = held.size();
  }
  if (!held.empty()) records.push_back(held);
  return records;
}
}  // namespace

TEST_CASE("a token on a line is the line without its ending") {
  CHECK(found("abc\n", {}) == "abc");
  CHECK(found("abc\r\n", {}) == "abc");
  CHECK(found("abc", {}) == "abc");
  CHECK(found("\n", {}) == "(empty)");
}

TEST_CASE("a byte order mark is not part of a token, a JSON line or the first cell") {
  const std::string mark = "\xef\xbb\xbf";
  CHECK(found(mark + "abc\r\n", {}) == "abc");
  CHECK(found(mark + "\n", {}) == "(empty)");
  CHECK(in_json(mark + R"({"t":"abc"})") == "abc");
  const std::string text = mark + "\"a,\nb\",t\n1,x\n";
  const std::vector<std::string> records = {mark + "\"a,\nb\",t\n", "1,x\n"};
  for (std::size_t block = 1; block <= text.size(); ++block)
    CHECK(split(text, RecordForm::csv, block) == records);
}

TEST_CASE("a member of a JSON line is found at the top and nowhere else") {
  CHECK(in_json(R"({"t":"abc"})") == "abc");
  CHECK(in_json(" { \"a\" : {\"t\":\"no\"} , \"t\" : \"abc\" , \"b\":[1,-2.5e3,true,null] } \r\n") == "abc");
  CHECK(in_json(R"({"\u0074":"a\u003d"})") == "a=");
  CHECK(in_json(R"({"t":null})") == "(empty)");
  CHECK(in_json(R"({"t":""})") == "(empty)");
  CHECK(in_json("\n") == "(empty)");
  CHECK(in_json(R"({"t":5})") == "not_a_string");
  CHECK(in_json(R"({"a":"t"})") == "no_field");
  CHECK(in_json("{}") == "no_field");
  CHECK(in_json(R"({"t":"a","t":"b"})") == "field_twice");
}

TEST_CASE("a line that is no JSON object is left alone") {
  for (const char* broken :
       {"x", "[]", "{", R"({"t":"a")", R"({"t":"a"}})", R"({"t":"a",})", R"({"t":"a" "b":1})",
        R"({"t":"a","b":01})", R"({"t":"a","b":tru})", R"({"t":"a","b":[1,]})", R"({"t":"\x"})",
        R"({"t":"\u12"})", "{\"t\":\"a\tb\"}", R"({t:"a"})"}) {
    INFO(broken);
    CHECK(in_json(broken) == "not_json");
  }
  CHECK(in_json("{\"a\":" + std::string(100, '[') + std::string(100, ']') + ",\"t\":\"a\"}") == "not_json");
}

TEST_CASE("a cell of a CSV record is found with and without quotes") {
  RecordLayout layout{RecordForm::csv, "to\"ken"};
  read_csv_header("\xef\xbb\xbfid,\"to\"\"ken\",note\r\n", layout);
  CHECK(layout.column == 1);
  CHECK(layout.columns == 3);
  CHECK(found("1,abc,x\r\n", layout) == "abc");
  CHECK(found("1,\"abc\",\"a \"\"b\"\", c\nd\"\n", layout) == "abc");
  CHECK(found("1,,\n", layout) == "(empty)");
  CHECK(found("1,\"\",\n", layout) == "(empty)");
  CHECK(found("\n", layout) == "(empty)");
  CHECK(found("1,abc\n", layout) == "wrong_number_of_columns");
  CHECK(found("1,a\"bc,x\n", layout) == "not_csv");
  CHECK(found("1,\"abc\"d,x\n", layout) == "not_csv");
  CHECK(found("1,\"abc,x\n", layout) == "not_csv");
}

TEST_CASE("a CSV header names its column once") {
  RecordLayout layout{RecordForm::csv, "t"};
  CHECK_THROWS_AS(read_csv_header("a,b\n", layout), base::Error);
  CHECK_THROWS_AS(read_csv_header("t,b,t\n", layout), base::Error);
}

TEST_CASE("records are split the same however the stream is cut") {
  const std::string text = "id,t\r\n1,\"a\nb\"\n2,\"c\"\"\n\"\"d\"\n3,e\"f\n\n4,\"\",\"\"\nlast";
  const std::vector<std::string> records = {
      "id,t\r\n", "1,\"a\nb\"\n", "2,\"c\"\"\n\"\"d\"\n", "3,e\"f\n", "\n", "4,\"\",\"\"\n", "last"};
  for (std::size_t block = 1; block <= text.size(); ++block) {
    CHECK(split(text, RecordForm::csv, block) == records);
    CHECK(split(text, RecordForm::lines, block).size() == 9);
  }
}
