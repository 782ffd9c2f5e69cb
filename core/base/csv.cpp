#include "core/base/csv.h"

#include <algorithm>

namespace authctl::base {
namespace {

// From behind the opening quote; moves `at` behind the closing one. False where there is none.
bool take_quoted(std::string_view record, std::size_t& at, std::string& cell) {
  for (;;) {
    const auto quote = record.find('"', at);
    if (quote == std::string_view::npos) return false;
    cell.append(record, at, quote - at);
    at = quote + 1;
    if (at >= record.size() || record[at] != '"') return true;
    cell += '"';
    ++at;
  }
}

}  // namespace

bool split_csv_record(std::string_view record, std::vector<std::string>& cells) {
  std::size_t used = 0;
  for (std::size_t at = 0;; ++at) {
    if (used == cells.size()) cells.emplace_back();
    auto& cell = cells[used++];
    cell.clear();
    if (at < record.size() && record[at] == '"') {
      if (!take_quoted(record, ++at, cell)) return false;
      if (at < record.size() && record[at] != ',') return false;
    } else {
      const auto end = std::min(record.find(',', at), record.size());
      cell.assign(record, at, end - at);
      if (cell.find('"') != std::string::npos) return false;
      at = end;
    }
    if (at >= record.size()) break;  // else at a comma: a cell follows, if only an empty one
  }
  cells.resize(used);
  return true;
}

}  // namespace authctl::base
