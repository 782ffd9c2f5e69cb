// Rows of one table, inserted many with one call to the store: over a network a round trip costs more than a
// row. Invariant: every row that was added is in the store when flush() returns, in the order of add().
#pragma once
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "core/store/database.h"

namespace authctl::store {

// The SQL of one row and of a portion: made once, prepared once for each connection.
class RowInsert {
 public:
  // `INSERT INTO t (a, b)`, the number of columns, and what stands behind the rows (`ON CONFLICT …`).
  RowInsert(std::string_view head, std::size_t width, std::string_view tail = {});
  static constexpr std::size_t portion = 32;  // rows
  std::size_t width() const { return width_; }
  const std::string& one() const { return one_; }
  const std::string& many() const { return many_; }

 private:
  std::size_t width_;
  std::string one_, many_;
};

class RowBatch {
 public:
  // `insert` outlives it. Where fewer than a portion are coming, each is written as it is added, and no copy
  // is made of it.
  RowBatch(Database& db, const RowInsert& insert, std::size_t coming)
      : db_(db), insert_(insert), keeps_(coming >= RowInsert::portion) {}
  void add(Values row);  // a full portion is written at once
  void flush();
  // How many the store took so far: fewer than were added where the tail passes over what is there.
  std::int64_t taken() const { return taken_; }

 private:
  using Kept = std::variant<std::nullptr_t, std::int64_t, std::string, base::Bytes>;
  void write(const std::string& sql, std::span<const Kept> cells);

  Database& db_;
  const RowInsert& insert_;
  bool keeps_;
  std::vector<Kept> cells_;
  std::int64_t taken_ = 0;
};

}  // namespace authctl::store
