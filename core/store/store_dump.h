// A whole store as one stream of bytes, the same from either engine and into either: what a backup holds.
// Invariant: load_store() takes exactly what dump_store() gave for that schema, row for row, or it is an
// Error unverified; it never takes less for more.
//
//   'T' name, number of columns, (type, name)…   'R' cells   'R' …   'E' rows, sum   for each table
//   'Z'
#pragma once
#include <functional>
#include <span>
#include <vector>

#include "core/store/store_copy.h"

namespace authctl::store {

using DumpSink = std::function<void(base::ByteView)>;
// Fills the whole span; Error unverified where there is less.
using DumpSource = std::function<void(std::span<std::uint8_t>)>;
// Told after each row how many there were.
using RowProgress = std::function<void(std::int64_t)>;

// The caller holds a snapshot.
std::vector<TableCount> dump_store(Database& db, const DumpSink& sink, const RowProgress& progress);

// Into a store of that schema whose tables are empty; the caller holds the transaction.
std::vector<TableCount> load_store(Database& db, int schema, const DumpSource& source,
                                   const RowProgress& progress);

}  // namespace authctl::store
