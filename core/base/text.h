// Text that came from outside: checked, folded, quoted, and compared for likeness.
// Invariant: what printable() gives never moves a cursor, rings a bell or reverses a line.
#pragma once
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace authctl::base {

bool is_utf8(std::string_view text);
std::string fold_ascii(std::string_view text);  // A-Z to a-z, nothing else
std::size_t count_code_points(std::string_view utf8);
// Columns it takes on a terminal: wide characters two, combining marks none.
std::size_t display_width(std::string_view utf8);

// Control characters (C0, C1, DEL), bidi and zero-width marks, line separators and broken UTF-8 as \u{…} or
// \xHH. A backslash stays as it is.
std::string printable(std::string_view text);
// printable() in double quotes, `"` escaped; cut to `max` code points with an ellipsis.
std::string quote(std::string_view text, std::size_t max = 80);

// The candidate nearest to what was typed (Damerau-Levenshtein), where it is near enough to be meant.
std::optional<std::string> nearest(std::string_view typed, std::span<const std::string> candidates);

// `*` and `?`-free glob for lists and filters: `*` stands for any run of characters.
bool glob_matches(std::string_view pattern, std::string_view text);

// Loses exactly one trailing LF or CRLF.
std::string_view without_newline(std::string_view text);

}  // namespace authctl::base
