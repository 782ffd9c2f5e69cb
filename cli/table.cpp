#include "cli/table.h"

#include <algorithm>
#include <numeric>

#include "core/base/text.h"

namespace authctl::cli {
namespace {

constexpr std::size_t rows_to_measure = 500;
constexpr std::size_t gap = 2;
constexpr std::size_t least_prose = 12;
constexpr std::size_t indent_of_rest = 4;

std::vector<std::string_view> words_of(std::string_view text) {
  std::vector<std::string_view> words;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(' '), text.size());
    words.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return words;
}

std::size_t longest_word(std::string_view text) {
  std::size_t longest = 0;
  for (const auto word : words_of(text)) longest = std::max(longest, base::display_width(word));
  return longest;
}

// Lines of whole words, `width` columns each where the words allow it.
std::vector<std::string> wrapped(std::string_view text, std::size_t width) {
  std::vector<std::string> lines{""};
  std::size_t used = 0;
  for (const auto word : words_of(text)) {
    const std::size_t columns = base::display_width(word);
    if (used > 0 && used + 1 + columns > width) {
      lines.emplace_back();
      used = 0;
    }
    lines.back() += (used > 0 ? " " : "") + std::string(word);
    used += columns + (used > 0 ? 1 : 0);
  }
  return lines;
}

std::size_t sum(const std::vector<std::size_t>& widths) {
  return std::accumulate(widths.begin(), widths.end(), gap * (widths.size() - 1));
}

}  // namespace

Table::Table(std::ostream& out, std::vector<std::string> titles, std::optional<std::size_t> width,
             bool colour)
    : out_(out), width_(width), colour_(colour) {
  for (auto& title : titles) titles_.push_back({std::move(title)});
}

void Table::add(std::vector<Cell> cells) {
  if (settled_) return print(cells, false);
  waiting_.push_back(std::move(cells));
  if (waiting_.size() == rows_to_measure) settle();
}

void Table::finish() {
  if (!settled_ && !waiting_.empty()) settle();
}

std::string Table::text_of(const Cell& cell, Telling telling) {
  if (telling == Telling::less && !cell.less.empty()) return cell.less;
  return telling == Telling::more && !cell.more.empty() ? cell.text + " " + cell.more : cell.text;
}

std::vector<std::size_t> Table::measure(Telling telling) const {
  std::vector<std::size_t> widths;
  for (const auto& title : titles_) widths.push_back(base::display_width(title.text));
  for (const auto& row : waiting_) {
    for (std::size_t i = 0; i < row.size(); ++i)
      widths[i] = std::max(widths[i], base::display_width(text_of(row[i], telling)));
  }
  return widths;
}

bool Table::fits(const std::vector<std::size_t>& widths) const { return !width_ || sum(widths) <= *width_; }

void Table::settle() {
  settled_ = true;
  widths_ = measure(Telling::plain);
  if (width_ && fits(measure(Telling::more))) {
    telling_ = Telling::more;
  } else if (!fits(widths_)) {
    telling_ = Telling::less;
  }
  widths_ = measure(telling_);
  if (!fits(widths_) && !shrink()) widths_ = measure(telling_);
  part();
  print(titles_, true);
  for (const auto& row : waiting_) print(row, false);
  waiting_.clear();
}

// The widest column of prose gives way, a step at a time; false where that is not enough.
bool Table::shrink() {
  std::vector<std::size_t> least(widths_.size(), least_prose);
  for (std::size_t i = 0; i < titles_.size(); ++i) {
    least[i] = std::max(least[i], base::display_width(titles_[i].text));
    for (const auto& row : waiting_) least[i] = std::max(least[i], longest_word(text_of(row[i], telling_)));
  }
  while (!fits(widths_)) {
    std::size_t widest = widths_.size();
    for (std::size_t i = 0; i < widths_.size(); ++i) {
      if (widths_[i] > least[i] && (widest == widths_.size() || widths_[i] > widths_[widest])) widest = i;
    }
    if (widest == widths_.size()) return false;
    --widths_[widest];
  }
  return true;
}

// The columns on as many lines as it takes, each within the width.
void Table::part() {
  lines_ = {{0, 0, 0}};
  std::size_t used = 0;
  for (std::size_t i = 0; i < widths_.size(); ++i) {
    const bool is_first = lines_.back().end == lines_.back().first;
    if (width_ && !is_first && used + gap + widths_[i] > *width_) {
      lines_.push_back({i, i, indent_of_rest});
      used = indent_of_rest + widths_[i];
    } else {
      used += widths_[i] + (is_first ? 0 : gap);
    }
    if (width_) widths_[i] = std::min(widths_[i], *width_ - lines_.back().indent);
    lines_.back().end = i + 1;
  }
}

void Table::print(const Row& cells, bool is_title) {
  for (const auto& line : lines_) print_line(line, cells, is_title);
}

void Table::print_line(const Line& line, const Row& cells, bool is_title) {
  std::vector<std::vector<std::string>> parts;
  std::size_t height = 1;
  for (std::size_t i = line.first; i < line.end; ++i) {
    const std::string text = text_of(cells[i], telling_);
    const bool whole = !width_ || base::display_width(text) <= widths_[i];
    parts.push_back(whole ? std::vector<std::string>{text} : wrapped(text, widths_[i]));
    height = std::max(height, parts.back().size());
  }
  for (std::size_t k = 0; k < height; ++k) {
    std::string text(line.indent, ' ');
    std::size_t used = line.indent, begin = line.indent;
    for (std::size_t i = line.first; i < line.end; begin += widths_[i] + gap, ++i) {
      const auto& part = parts[i - line.first];
      if (k >= part.size() || part[k].empty()) continue;
      const std::size_t pad = begin > used ? begin - used : used > line.indent ? gap : 0;
      const bool coloured = colour_ && !cells[i].colour.empty();
      text +=
          std::string(pad, ' ') + (coloured ? std::string(cells[i].colour) + part[k] + "\x1b[0m" : part[k]);
      used += pad + base::display_width(part[k]);
    }
    out_ << (is_title && colour_ ? "\x1b[1m" + text + "\x1b[0m" : text) << '\n';
  }
}

}  // namespace authctl::cli
