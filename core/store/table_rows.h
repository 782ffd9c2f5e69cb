// The rows of any table, whatever its columns: read one after the other, kept as values, counted with the sum
// of their digests, written in portions. Invariant: what a TableWriter took is in the table when finish()
// returns, and its tally says so.
#pragma once
#include <functional>
#include <string>
#include <vector>

#include "core/store/database.h"
#include "core/store/tables.h"

namespace authctl::store {

// One column's value, kept beyond the row it came from.
struct Cell {
  bool is_null = true;
  ColumnType type = ColumnType::integer;
  std::int64_t number = 0;
  std::string bytes;

  static Cell of(const Rows& row, int i, ColumnType type);
  Value value() const;
  void spell(std::string& record) const;
};

// PostgreSQL hands a whole result over at once, so there a cursor takes it in portions; the caller has begun
// a transaction.
void for_each_row(Database& db, const Table& table, const std::function<void(const Rows&)>& visit);

// Rows of a table, whatever their order: how many, and the sum of their digests.
struct Tally {
  std::int64_t rows = 0;
  std::uint64_t sum = 0;
  bool operator==(const Tally&) const = default;
  void add(const Cell* cells, std::size_t count);
};
Tally tally_of(Database& db, const Table& table);

class TableWriter {
 public:
  TableWriter(Database& db, const Table& table);
  void add(const Rows& row);
  void add(std::vector<Cell> row);  // a cell for each column
  Tally finish();

 private:
  void insert(const std::string& sql, std::size_t at, std::size_t count);

  Database& db_;
  const Table& table_;
  std::string full_, single_;
  std::vector<Cell> cells_;
  Tally tally_;
};

}  // namespace authctl::store
