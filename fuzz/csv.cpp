// Records of CSV: what is read, written in quotes and read again is the same cells.
#include "core/base/csv.h"

#include "fuzz/claim.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace authctl;
  std::vector<std::string> cells, again;
  if (!base::split_csv_record({reinterpret_cast<const char*>(data), size}, cells)) return 0;
  fuzz::claim(!cells.empty(), "a record without a cell");
  std::string quoted;
  for (const auto& cell : cells) {
    quoted += quoted.empty() ? "\"" : ",\"";
    for (const char c : cell) quoted.append(c == '"' ? 2 : 1, c);
    quoted += '"';
  }
  fuzz::claim(base::split_csv_record(quoted, again), "a record that was written is none");
  fuzz::claim(again == cells, "cells change when they are written");
  return 0;
}
