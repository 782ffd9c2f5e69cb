#include "cli/table.h"

#include <algorithm>
#include <numeric>

#include "core/base/text.h"

namespace authctl::cli {
namespace {

constexpr std::size_t rows_to_measure = 500;
constexpr std::size_t gap = 2;
constexpr std::size_t least_prose = 12;

// Whole UTF-8 characters up to `width` columns, with an ellipsis.
std::string shortened(const std::string& text, std::size_t width) {
  std::string kept;
  std::size_t used = 0;
  for (std::size_t i = 0; i < text.size();) {
    std::size_t end = i + 1;
    while (end < text.size() && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) ++end;
    const std::size_t columns = base::display_width(std::string_view(text).substr(i, end - i));
    if (used + columns + 1 > width) break;
    kept.append(text, i, end - i);
    used += columns;
    i = end;
  }
  return kept + "\u2026";
}

}  // namespace

Table::Table(std::ostream& out, std::vector<std::string> titles, std::optional<std::size_t> width,
             bool colour)
    : out_(out), titles_(std::move(titles)), width_(width), colour_(colour) {}

void Table::add(std::vector<std::string> cells) {
  if (settled_) return print(cells, false);
  waiting_.push_back(std::move(cells));
  if (waiting_.size() == rows_to_measure) settle();
}

void Table::finish() {
  if (!settled_ && !waiting_.empty()) settle();
}

void Table::settle() {
  settled_ = true;
  for (const auto& title : titles_) widths_.push_back(base::display_width(title));
  is_prose_.assign(titles_.size(), false);
  for (const auto& row : waiting_) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      widths_[i] = std::max(widths_[i], base::display_width(row[i]));
      if (row[i].find(' ') != std::string::npos) is_prose_[i] = true;
    }
  }
  const auto total = [&] {
    return std::accumulate(widths_.begin(), widths_.end(), gap * (widths_.size() - 1));
  };
  // The widest column of prose gives way, a step at a time.
  while (width_ && total() > *width_) {
    std::size_t widest = widths_.size();
    for (std::size_t i = 0; i < widths_.size(); ++i) {
      const bool can_shrink = is_prose_[i] && widths_[i] > least_prose;
      if (can_shrink && (widest == widths_.size() || widths_[i] > widths_[widest])) widest = i;
    }
    if (widest == widths_.size()) break;
    --widths_[widest];
  }
  print(titles_, true);
  for (const auto& row : waiting_) print(row, false);
  waiting_.clear();
}

void Table::print(const std::vector<std::string>& cells, bool is_title) {
  std::string line;
  for (std::size_t i = 0; i < cells.size(); ++i) {
    std::size_t columns = base::display_width(cells[i]);
    const bool cut = width_ && columns > widths_[i] && cells[i].find(' ') != std::string::npos;
    const std::string cell = cut ? shortened(cells[i], widths_[i]) : cells[i];
    if (cut) columns = base::display_width(cell);
    line += cell;
    if (i + 1 < cells.size())
      line += std::string(gap + (widths_[i] > columns ? widths_[i] - columns : 0), ' ');
  }
  line.erase(line.find_last_not_of(' ') + 1);
  if (is_title && colour_) line = "\x1b[1m" + line + "\x1b[0m";
  out_ << line << '\n';
}

}  // namespace authctl::cli
