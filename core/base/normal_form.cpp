#include "core/base/normal_form.h"

#include <algorithm>
#include <unordered_map>
#include <vector>

#include "core/base/normal_form_table.h"
#include "core/base/text.h"

namespace authctl::base {
namespace {

// Code points of a secret, wiped when they go. Room is taken once, so that no copy is left behind by growth.
struct CodePoints {
  std::vector<char32_t> points;
  explicit CodePoints(std::size_t room) { points.reserve(room); }
  CodePoints(const CodePoints&) = delete;
  CodePoints& operator=(const CodePoints&) = delete;
  ~CodePoints() { wipe(points.data(), points.size() * sizeof(char32_t)); }
};

// Hangul syllables are arithmetic: the Unicode Standard, section 3.12.
constexpr char32_t s_base = 0xac00, l_base = 0x1100, v_base = 0x1161, t_base = 0x11a7;
constexpr char32_t l_count = 19, v_count = 21, t_count = 28, s_count = l_count * v_count * t_count;
constexpr std::size_t longest_decomposition = 4;  // of any code point, UAX #15 section 9

std::uint8_t order_of(char32_t c) {
  const auto* end = std::end(combining_classes);
  const auto* found =
      std::lower_bound(std::begin(combining_classes), end, c,
                       [](const CombiningClass& row, char32_t code) { return row.last < code; });
  return found != end && found->first <= c ? found->order : std::uint8_t{0};
}

void decompose(char32_t c, std::vector<char32_t>& out) {
  if (c >= s_base && c < s_base + s_count) {
    const char32_t at = c - s_base;
    out.push_back(l_base + at / (v_count * t_count));
    out.push_back(v_base + at % (v_count * t_count) / t_count);
    if (at % t_count != 0) out.push_back(t_base + at % t_count);
    return;
  }
  const auto* end = std::end(decompositions);
  const auto* found =
      std::lower_bound(std::begin(decompositions), end, c,
                       [](const Decomposition& row, char32_t code) { return row.code < code; });
  if (found == end || found->code != c) return out.push_back(c);
  decompose(found->first, out);
  if (found->second) out.push_back(found->second);
}

// 0 where the two do not compose.
char32_t compose(char32_t first, char32_t second) {
  if (first >= l_base && first < l_base + l_count && second >= v_base && second < v_base + v_count)
    return s_base + ((first - l_base) * v_count + (second - v_base)) * t_count;
  if (first >= s_base && first < s_base + s_count && (first - s_base) % t_count == 0 && second > t_base &&
      second < t_base + t_count)
    return first + (second - t_base);
  static const auto pairs = [] {
    std::unordered_map<std::uint64_t, char32_t> made;
    for (const auto& row : decompositions)
      if (row.composes) made.emplace(std::uint64_t{row.first} << 32 | row.second, row.code);
    return made;
  }();
  const auto found = pairs.find(std::uint64_t{first} << 32 | second);
  return found == pairs.end() ? 0 : found->second;
}

// UAX #15 section 1.3 and D109: runs of combining marks in the order of their classes.
void put_in_order(std::vector<char32_t>& points) {
  for (auto from = points.begin(); from != points.end();) {
    if (order_of(*from) == 0) {
      ++from;
      continue;
    }
    const auto to = std::find_if(from, points.end(), [](char32_t c) { return order_of(c) == 0; });
    std::stable_sort(from, to, [](char32_t a, char32_t b) { return order_of(a) < order_of(b); });
    from = to;
  }
}

// D117: each mark that is not blocked from the last starter joins it where the pair composes.
void compose_all(std::vector<char32_t>& points) {
  std::size_t out = 0, starter = points.size();
  int last_order = -1;  // of what was kept since the starter
  for (const char32_t c : points) {
    const int order = order_of(c);
    if (starter < points.size() && last_order < order) {
      if (const char32_t joined = compose(points[starter], c)) {
        points[starter] = joined;
        continue;
      }
    }
    if (order == 0)
      starter = out, last_order = -1;
    else
      last_order = order;
    points[out++] = c;
  }
  wipe(points.data() + out, (points.size() - out) * sizeof(char32_t));
  points.resize(out);
}

// The text is UTF-8: checked by the caller.
void read_utf8(std::string_view text, std::vector<char32_t>& out) {
  for (std::size_t i = 0; i < text.size();) {
    const auto lead = static_cast<std::uint8_t>(text[i]);
    const std::size_t length = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
    char32_t c = length == 1 ? lead : lead & (0xffu >> (length + 1));
    for (std::size_t k = 1; k < length; ++k) c = c << 6 | (static_cast<std::uint8_t>(text[i + k]) & 0x3fu);
    decompose(c, out);
    i += length;
  }
}

std::size_t write_utf8(char32_t c, std::span<std::uint8_t> out) {
  if (c < 0x80) return out[0] = static_cast<std::uint8_t>(c), 1;
  const std::size_t length = c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
  for (std::size_t k = length; k-- > 1; c >>= 6) out[k] = static_cast<std::uint8_t>(0x80 | (c & 0x3f));
  out[0] = static_cast<std::uint8_t>((0xf00u >> length & 0xffu) | c);
  return length;
}

}  // namespace

Secret normal_form_c(const Secret& text) {
  const auto bytes = text.reveal_text();
  const bool ascii =
      std::all_of(bytes.begin(), bytes.end(), [](char c) { return static_cast<std::uint8_t>(c) < 0x80; });
  if (ascii || !is_utf8(bytes)) return text.clone();
  CodePoints work(bytes.size() * longest_decomposition);
  read_utf8(bytes, work.points);
  put_in_order(work.points);
  compose_all(work.points);
  auto wide = Secret::zeroed(work.points.size() * 4);
  std::size_t size = 0;
  for (const char32_t c : work.points) size += write_utf8(c, wide.writable().subspan(size));
  return Secret(wide.reveal().first(size));
}

}  // namespace authctl::base
