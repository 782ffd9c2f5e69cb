// What a person sees beside the bare value: the colour of a word that is good, bad or in between, and how
// long ago a time is. Invariant: nothing here changes the value itself; without a terminal none of it is
// shown.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "core/base/clock.h"

namespace authctl::cli {

inline constexpr std::string_view colour_end = "\x1b[0m";

// The escape sequence for a value of this member ("state", "outcome"); empty where it has no colour.
std::string_view colour_of(std::string_view member, std::string_view value);

// A line of a drawing, coloured by the mark that stands first in it behind its branches: + - ~ ! of a change,
// the words ok, warn, fail, allowed and denied.
std::string coloured_line(const std::string& line);

// The same line with how long ago the time is that ends it; unchanged where it ends with none or would be
// longer than `columns`.
std::string with_how_long(std::string line, base::Timestamp now, std::size_t columns);

// The line of a drawing in as many as a narrow terminal takes, the later ones behind its branches. Commands
// and other words that one wants to copy stay whole, and so does a line that is no text.
std::vector<std::string> folded(const std::string& line, std::size_t columns);

// "3d ago", "in 15m", "now"; empty for what is no time.
std::string how_long(std::string_view rfc3339, base::Timestamp now);

}  // namespace authctl::cli
