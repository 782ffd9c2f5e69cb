#include "core/base/text.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>

namespace authctl::base {
namespace {

struct CodePoint {
  char32_t value = 0;
  std::size_t length = 0;  // 0: the byte at the front is not UTF-8
};

CodePoint first_code_point(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(text[i]); };
  const std::uint8_t lead = byte(0);
  if (lead < 0x80) return {lead, 1};
  const std::size_t length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (lead < 0xc2 || lead > 0xf4 || text.size() < length) return {};
  char32_t value = lead & (0xffu >> (length + 1));
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return {};
    value = value << 6 | (byte(i) & 0x3fu);
  }
  constexpr std::array<char32_t, 5> least{0, 0, 0x80, 0x800, 0x10000};
  if (value < least[length] || value > 0x10ffff || (value >= 0xd800 && value <= 0xdfff)) return {};
  return {value, length};
}

struct Range {
  char32_t first, last;
};

bool within(std::span<const Range> ranges, char32_t c) {
  return std::any_of(ranges.begin(), ranges.end(), [c](Range r) { return c >= r.first && c <= r.last; });
}

// Moves, hides, reverses or ends a line, or is not a character at all.
constexpr std::array<Range, 16> unprintable{{{0x00, 0x1f},
                                             {0x7f, 0x9f},
                                             {0xad, 0xad},
                                             {0x61c, 0x61c},
                                             {0x115f, 0x1160},
                                             {0x180b, 0x180f},
                                             {0x200b, 0x200f},
                                             {0x2028, 0x202e},
                                             {0x2060, 0x206f},
                                             {0x3164, 0x3164},
                                             {0xe000, 0xf8ff},
                                             {0xfe00, 0xfe0f},
                                             {0xfeff, 0xfeff},
                                             {0xfff0, 0xfffb},
                                             {0xfffe, 0xffff},
                                             {0xe0000, 0x10ffff}}};
constexpr std::array<Range, 8> combining{{{0x300, 0x36f},
                                          {0x483, 0x489},
                                          {0x591, 0x5bd},
                                          {0x610, 0x61a},
                                          {0x64b, 0x65f},
                                          {0x1ab0, 0x1aff},
                                          {0x1dc0, 0x1dff},
                                          {0x20d0, 0x20ff}}};
constexpr std::array<Range, 9> wide{{{0x1100, 0x115f},
                                     {0x2e80, 0x303e},
                                     {0x3041, 0x33ff},
                                     {0x3400, 0x4dbf},
                                     {0x4e00, 0x9fff},
                                     {0xac00, 0xd7a3},
                                     {0xf900, 0xfaff},
                                     {0xff00, 0xff60},
                                     {0x1f300, 0x1faff}}};

template <class Visit>
void for_each_code_point(std::string_view text, Visit visit) {
  while (!text.empty()) {
    const CodePoint point = first_code_point(text);
    const std::size_t length = std::max<std::size_t>(point.length, 1);
    visit(point, text.substr(0, length));
    text.remove_prefix(length);
  }
}

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::vector<std::size_t>> d(a.size() + 1, std::vector<std::size_t>(b.size() + 1));
  for (std::size_t i = 0; i <= a.size(); ++i) d[i][0] = i;
  for (std::size_t j = 0; j <= b.size(); ++j) d[0][j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t change = a[i - 1] == b[j - 1] ? 0 : 1;
      d[i][j] = std::min({d[i - 1][j] + 1, d[i][j - 1] + 1, d[i - 1][j - 1] + change});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        d[i][j] = std::min(d[i][j], d[i - 2][j - 2] + 1);
      }
    }
  }
  return d[a.size()][b.size()];
}

}  // namespace

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    const std::size_t length = first_code_point(text).length;
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

std::string fold_ascii(std::string_view text) {
  std::string folded{text};
  for (char& c : folded) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  }
  return folded;
}

std::size_t count_code_points(std::string_view utf8) {
  std::size_t count = 0;
  for_each_code_point(utf8, [&](CodePoint, std::string_view) { ++count; });
  return count;
}

std::size_t display_width(std::string_view utf8) {
  std::size_t width = 0;
  for_each_code_point(utf8, [&](CodePoint point, std::string_view) {
    width += within(combining, point.value) ? 0 : within(wide, point.value) ? 2 : 1;
  });
  return width;
}

std::string printable(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  char escape[16];
  for_each_code_point(text, [&](CodePoint point, std::string_view raw) {
    if (point.length == 0) {
      std::snprintf(escape, sizeof escape, "\\x%02x",
                    static_cast<unsigned>(static_cast<std::uint8_t>(raw[0])));
      out += escape;
    } else if (within(unprintable, point.value)) {
      std::snprintf(escape, sizeof escape, "\\u{%x}", static_cast<unsigned>(point.value));
      out += escape;
    } else {
      out += raw;
    }
  });
  return out;
}

std::string quote(std::string_view text, std::size_t max) {
  std::string out = "\"";
  std::size_t count = 0;
  for_each_code_point(text, [&](CodePoint point, std::string_view raw) {
    if (++count == max + 1) out += "\u2026";
    if (count > max) return;
    out += point.value == '"' ? "\\\"" : printable(raw);
  });
  return out + '"';
}

std::optional<std::string> nearest(std::string_view typed, std::span<const std::string> candidates) {
  if (typed.empty() || typed.size() > 64) return std::nullopt;
  const std::size_t limit = typed.size() <= 4 ? 1 : typed.size() <= 8 ? 2 : 3;
  std::size_t best = limit + 1;
  std::optional<std::string> found;
  for (const auto& candidate : candidates) {
    const std::size_t distance = edit_distance(typed, candidate);
    const bool abbreviation = typed.size() >= 3 && candidate.starts_with(typed);
    const std::size_t rank = abbreviation ? 1 : distance;
    if (rank < best) {
      best = rank;
      found = candidate;
    }
  }
  return found;
}

bool glob_matches(std::string_view pattern, std::string_view text) {
  std::size_t p = 0, t = 0, star = std::string_view::npos, mark = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      mark = t;
    } else if (p < pattern.size() && pattern[p] == text[t]) {
      ++p;
      ++t;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      t = ++mark;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

std::string_view without_newline(std::string_view text) {
  if (text.ends_with('\n'))
    text.remove_suffix(1);
  else
    return text;
  if (text.ends_with('\r')) text.remove_suffix(1);
  return text;
}

}  // namespace authctl::base
