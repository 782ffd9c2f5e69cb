// Members that may be absent: null where there is nothing, so that every object of a kind has every member.
#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "core/base/clock.h"
#include "core/base/json.h"

namespace authctl::base {

inline json::value or_null(const std::optional<std::string>& text) {
  return text ? json::value(*text) : json::value();
}
inline json::value or_null(const std::optional<Timestamp>& time) {
  return time ? json::value(to_rfc3339(*time)) : json::value();
}
inline json::value or_null(const std::optional<std::int64_t>& number) {
  return number ? json::value(*number) : json::value();
}
// Where an empty text stands for none.
inline json::value filled_or_null(std::string_view text) {
  return text.empty() ? json::value() : json::value(text);
}

}  // namespace authctl::base
