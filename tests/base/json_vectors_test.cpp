// The JSON reader against JSONTestSuite (RFC 8259), and what of its free choices is taken here.
#include "core/base/json.h"

#include <filesystem>

#include "tests/support/catch.h"
#include "tests/support/vectors.h"

using namespace authctl;

TEST_CASE(
    "JSONTestSuite: what must be read is read, what must be refused is refused, and no choice crashes") {
  const auto folder = tests::published_vectors("json-suite");
  if (!folder) return;
  int judged = 0;
  for (const auto& path : tests::files_in(*folder, ".json")) {
    const auto name = std::filesystem::path(path).filename().string();
    INFO(name);
    const bool read = base::parse_json(tests::read_text(path)).has_value();
    const bool duplicate = name.starts_with("y_object_duplicated_key");  // RFC 7493 section 2.3: refused here
    if (name.starts_with("y_")) CHECK(read != duplicate);
    if (name.starts_with("n_")) CHECK_FALSE(read);
    // Left free by RFC 8259: broken UTF-8, lone surrogates, numbers beyond a double, a BOM, 500 levels:
    // refused. A number that is merely small or large (an integer beyond 64 bits, an underflow) is read as a
    // double.
    const bool big_or_small = name == "i_number_double_huge_neg_exp.json" ||
                              name == "i_number_real_underflow.json" ||
                              name.starts_with("i_number_too_big_") || name.starts_with("i_number_very_big_");
    if (name.starts_with("i_")) CHECK(read == big_or_small);
    ++judged;
  }
  CHECK(judged > 150);
}
