// JSON as it goes out: members in the order of the shape, absent is null, and no byte that a terminal would
// act on. Invariant: what printable() would escape in text stands here as \uXXXX; the value a reader gets is
// unchanged.
#pragma once
#include <ostream>
#include <string>
#include <string_view>

#include "commands/shape.h"
#include "core/base/json.h"

namespace authctl::cli {

struct JsonStyle {
  bool indented = false;
  std::size_t depth = 0;  // how deep the value already stands
};

void write_json(std::ostream& out, const base::json::value& value, JsonStyle style = {});
void write_json_string(std::ostream& out, std::string_view text);

// The same object with its members in the order of the shape, null for those it lacks. `strict`: Error
// internal where the object's members are not exactly the shape's.
base::json::object in_shape(const commands::Shape& shape, base::json::object data, bool strict);

}  // namespace authctl::cli
