// JSON from outside, read strictly (RFC 8259, RFC 7493): UTF-8 only, no byte order mark, no trailing bytes,
// no duplicate members however they are spelled, bounded size and depth, finite numbers. Invariant: a text
// either gives one value that means the same to every reader, or it is refused.
#pragma once
#include <boost/json.hpp>
#include <optional>
#include <string>
#include <string_view>

namespace authctl::base {

namespace json = boost::json;

struct JsonLimits {
  std::size_t max_bytes = 1 << 20;
  std::size_t max_depth = 32;
};

// Nothing where the text is refused. The value lives in `memory` (an arena for hot paths).
std::optional<json::value> parse_json(std::string_view text, const JsonLimits& limits = {},
                                      json::storage_ptr memory = {});

// Sorted members, no blanks, UTF-8 as it is, escapes only where RFC 8785 section 3.2.2.2 has them; integers
// only (no fractions): the form that is hashed and signed.
std::string canonical_json(const json::value& value);
// One string of that form, with its quotes, at the end of `out`.
void append_json_string(std::string& out, std::string_view text);

}  // namespace authctl::base
