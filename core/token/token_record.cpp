#include "core/token/token_record.h"

#include <cstring>

#include "core/base/error.h"
#include "core/base/text.h"
#include "core/token/json_member.h"

namespace authctl::token {
namespace {

using Kind = TokenPlace::Kind;

TokenPlace bad(std::string_view problem) {
  TokenPlace place;
  place.problem = problem;
  return place;
}

TokenPlace at(std::size_t begin, std::size_t size) {
  TokenPlace place;
  place.kind = size == 0 ? Kind::empty : Kind::token;
  place.begin = begin;
  place.size = size;
  return place;
}

TokenPlace find_in_json(std::string_view line, const std::string& name) {
  if (line.find_first_not_of(" \t") == std::string_view::npos) return at(0, 0);
  const auto found = find_json_member(line, name);
  switch (found.kind) {
    case JsonMember::Kind::malformed:
      return bad("not_json");
    case JsonMember::Kind::missing:
      return bad("no_field");
    case JsonMember::Kind::twice:
      return bad("field_twice");
    case JsonMember::Kind::null:
      return at(0, 0);
    case JsonMember::Kind::other:
      return bad("not_a_string");
    case JsonMember::Kind::string:
      break;
  }
  auto place = at(found.begin, found.size);
  place.spelled = found.spelled;
  return place;
}

struct Cell {
  std::size_t begin, size;  // without its quotes
  bool quoted;
};

// The cells of one record; nothing where RFC 4180 does not allow it.
std::optional<std::vector<Cell>> split_cells(std::string_view line) {
  std::vector<Cell> cells;
  std::size_t i = 0;
  for (;;) {
    if (i < line.size() && line[i] == '"') {
      const std::size_t begin = ++i;
      for (;; i += 2) {
        i = line.find('"', i);
        if (i == std::string_view::npos) return std::nullopt;
        if (i + 1 >= line.size() || line[i + 1] != '"') break;
      }
      cells.push_back({begin, i - begin, true});
      ++i;
      if (i < line.size() && line[i] != ',') return std::nullopt;
    } else {
      const std::size_t begin = i;
      i = std::min(line.find(',', i), line.size());
      if (line.substr(begin, i - begin).find('"') != std::string_view::npos) return std::nullopt;
      cells.push_back({begin, i - begin, false});
    }
    if (i >= line.size()) return cells;
    ++i;  // the comma; a cell follows, if only an empty one
  }
}

TokenPlace find_in_csv(std::string_view line, const RecordLayout& layout) {
  if (line.empty()) return at(0, 0);
  const auto cells = split_cells(line);
  if (!cells) return bad("not_csv");
  if (cells->size() != layout.columns) return bad("wrong_number_of_columns");
  return at((*cells)[layout.column].begin, (*cells)[layout.column].size);
}

constexpr std::string_view byte_order_mark = "\xef\xbb\xbf";

// Files of some systems begin with it, and then so does a record in the middle of files put together.
std::size_t size_of_mark(std::string_view line) {
  return line.starts_with(byte_order_mark) ? byte_order_mark.size() : 0;
}

}  // namespace

std::string_view without_line_ending(std::string_view record) { return base::without_newline(record); }

TokenPlace find_token(std::string_view record, const RecordLayout& layout) {
  const auto line = without_line_ending(record);
  const auto mark = size_of_mark(line);
  switch (layout.form) {
    case RecordForm::lines:
      return at(mark, line.size() - mark);
    case RecordForm::json_lines: {
      auto place = find_in_json(line.substr(mark), layout.name);
      place.begin += mark;
      return place;
    }
    case RecordForm::csv:
      return find_in_csv(line, layout);
  }
  return bad("not_csv");
}

void read_csv_header(std::string_view record, RecordLayout& layout) {
  auto line = without_line_ending(record);
  line.remove_prefix(size_of_mark(line));
  const auto cells = split_cells(line);
  if (!cells)
    throw base::Error(base::ErrorCode::invalid, "the first record is no CSV header",
                      "a line of column names, separated by commas");
  int found = 0;
  for (std::size_t i = 0; i < cells->size(); ++i) {
    std::string name(line.substr((*cells)[i].begin, (*cells)[i].size));
    for (auto quote = name.find("\"\""); quote != std::string::npos; quote = name.find("\"\"", quote + 1)) {
      name.erase(quote, 1);
    }
    if (name != layout.name) continue;
    layout.column = i;
    ++found;
  }
  if (found != 1) {
    throw base::Error(
        base::ErrorCode::invalid,
        (found == 0 ? "no column " : "more than one column ") + base::quote(layout.name) + " in the header",
        "the first record names the columns");
  }
  layout.columns = cells->size();
}

std::optional<std::size_t> RecordSplitter::next_end(std::string_view text, std::size_t from) {
  if (form_ != RecordForm::csv) {
    const void* end =
        from < text.size() ? std::memchr(text.data() + from, '\n', text.size() - from) : nullptr;
    if (end == nullptr) return std::nullopt;
    ++lines_;
    return static_cast<std::size_t>(static_cast<const char*>(end) - text.data()) + 1;
  }
  for (std::size_t i = from; i < text.size(); ++i) {
    const char c = text[i];
    if (state_ == State::quoted) {
      if (c == '"') state_ = State::quote_in_quoted;
      lines_ += c == '\n';
    } else if (c == '\n') {
      state_ = State::field_start;
      begins_ = false;
      ++lines_;
      return i + 1;
    } else if (c == ',') {
      state_ = State::field_start;
    } else if (c == '"' && state_ != State::plain) {
      state_ = State::quoted;  // opens a cell, or is the second of a doubled quote
    } else if (begins_ && i < byte_order_mark.size() && c == byte_order_mark[i]) {
      // it stands before the first cell, not in it
    } else {
      state_ = State::plain;
    }
  }
  return std::nullopt;
}

std::uint64_t RecordSplitter::take_lines() {
  const auto lines = lines_;
  lines_ = 0;
  return lines;
}

}  // namespace authctl::token
