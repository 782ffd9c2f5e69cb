// Finds one member of the object on a line and where its value stands, without building a tree: the rest of
// the line is to stay as it is. RFC 8259, strictly: what is no JSON object from end to end is malformed.
#pragma once
#include <optional>
#include <string>
#include <string_view>

namespace authctl::token {

struct JsonMember {
  enum class Kind { malformed, missing, twice, null, other, string };
  Kind kind = Kind::malformed;
  std::size_t begin = 0, size = 0;     // of a string: between its quotes
  std::optional<std::string> spelled;  // its value, where it is spelled with escapes
};

JsonMember find_json_member(std::string_view line, std::string_view name);

}  // namespace authctl::token
