#include "core/base/clock.h"
#include "core/base/encoding.h"
#include "tests/support/catch.h"
#include "tests/support/vectors.h"

using namespace authctl;

TEST_CASE("base64url and durations are read as the cases made for this project say") {
  const auto cases = tests::read_json_file(tests::made_vector("encoding/cases.json"));
  int judged = 0;
  for (const auto& test : cases.get_array()) {
    const std::string_view category = test.at("category").get_string(), input = test.at("input").get_string();
    const std::string_view expect = test.at("expect").get_string();
    INFO(category << ": " << input);
    if (category == "base64url") {
      const auto bytes = base::decode_base64url(input);
      CHECK(bytes.has_value() == (expect == "accept"));
      if (bytes) CHECK(base::encode_hex(*bytes) == std::string_view(test.at("output_hex").get_string()));
      if (bytes) CHECK(base::encode_base64url(*bytes) == input);
      ++judged;
    } else if (category == "duration") {
      const auto duration = base::parse_duration(input);
      const std::string_view seconds = test.at("output_s").get_string();
      if (seconds == "policy") continue;  // free: 1h30m and 05m are read, 1.5h is not
      CHECK(duration.has_value() == (seconds != "reject"));
      if (duration) CHECK(std::to_string(duration->count()) == seconds);
      ++judged;
    }
  }
  CHECK(judged > 20);
}
