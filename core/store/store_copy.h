// A whole store moved to another place, also from one engine to the other.
// Invariant: the copy is one transaction at the target; it is there whole, row for row, or not at all.
#pragma once
#include <string>
#include <vector>

#include "core/store/database.h"

namespace authctl::store {

struct TableCount {
  std::string table;
  std::int64_t rows = 0;
};

std::vector<TableCount> count_rows(Database& db);

// Reads the source in one snapshot, and reads back what arrived before it is committed. Error conflict where
// the target holds a row already, internal where what arrived is not what was sent.
std::vector<TableCount> copy_store(Database& from, Database& to);
// The same over what the target holds: all of that goes, and this comes. The caller has begun a transaction
// at the target, and commits it.
std::vector<TableCount> replace_store(Database& from, Database& to);

}  // namespace authctl::store
