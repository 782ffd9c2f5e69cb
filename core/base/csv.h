// One record of CSV as its cells (RFC 4180): quotes taken off, doubled quotes made single.
// Invariant: a record that the standard does not allow gives nothing, never a guess.
#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace authctl::base {

// `record` without its line ending. False where a quote stands inside a bare cell, or is never closed.
// `cells` is kept for its memory.
bool split_csv_record(std::string_view record, std::vector<std::string>& cells);

}  // namespace authctl::base
