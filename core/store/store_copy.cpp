#include "core/store/store_copy.h"

#include <cstring>
#include <functional>

#include "core/base/error.h"
#include "core/crypto/digest.h"
#include "core/store/snapshot.h"
#include "core/store/tables.h"

namespace authctl::store {
namespace {

using base::Error;
using base::ErrorCode;

constexpr std::size_t batch_rows = 64;

std::string column_list(const Table& table) {
  std::string list;
  for (const auto& column : table.columns) list += (list.empty() ? "" : ", ") + column.name;
  return list;
}

std::string insert_sql(const Table& table, std::size_t rows) {
  std::string sql = "INSERT INTO " + table.name + " (" + column_list(table) + ") VALUES ";
  std::size_t n = 0;
  for (std::size_t row = 0; row < rows; ++row) {
    sql += row == 0 ? "(" : ", (";
    for (std::size_t i = 0; i < table.columns.size(); ++i)
      sql += (i == 0 ? "$" : ", $") + std::to_string(++n);
    sql += ")";
  }
  return sql;
}

// One column's value, kept beyond the row it came from.
struct Cell {
  bool is_null = true;
  ColumnType type = ColumnType::integer;
  std::int64_t number = 0;
  std::string bytes;

  static Cell of(const Rows& row, int i, ColumnType type) {
    Cell cell{row.is_null(i), type, 0, {}};
    if (cell.is_null) return cell;
    if (type == ColumnType::integer)
      cell.number = row.integer(i);
    else
      cell.bytes = base::text_of(row.blob(i));
    return cell;
  }
  Value value() const {
    if (is_null) return nullptr;
    if (type == ColumnType::integer) return number;
    if (type == ColumnType::text) return std::string_view(bytes);
    return base::bytes_of(bytes);
  }
  void spell(std::string& record) const {
    if (is_null)
      record += 'n';
    else if (type == ColumnType::integer)
      record += 'i' + std::to_string(number);
    else
      record += 'b' + std::to_string(bytes.size()) + ':' + bytes;
    record += ';';
  }
};

// Row after row of a table. PostgreSQL hands a whole result over at once, so there a cursor takes it in
// portions.
void for_each_row(Database& db, const Table& table, const std::function<void(const Rows&)>& visit) {
  const std::string select = "SELECT " + column_list(table) + " FROM " + table.name;
  if (db.engine() == Engine::sqlite) {
    const auto rows = db.query(select);
    while (rows->next()) visit(*rows);
    return;
  }
  const std::string cursor = "every_" + table.name;  // of its own: a prepared FETCH remembers its columns
  db.run_script("DECLARE " + cursor + " NO SCROLL CURSOR FOR " + select);
  for (bool more = true; more;) {
    more = false;
    const auto rows = db.query("FETCH 1000 FROM " + cursor);
    for (; rows->next(); more = true) visit(*rows);
  }
  db.run_script("CLOSE " + cursor);
}

// Rows of a table, whatever their order: how many, and the sum of their digests.
struct Tally {
  std::int64_t rows = 0;
  std::uint64_t sum = 0;
  bool operator==(const Tally&) const = default;

  void add(const Cell* cells, std::size_t count) {
    std::string record;
    for (std::size_t i = 0; i < count; ++i) cells[i].spell(record);
    const auto digest = crypto::sha256(base::bytes_of(record));
    std::uint64_t part = 0;
    std::memcpy(&part, digest.data(), sizeof part);
    sum += part;
    ++rows;
  }
};

class TableWriter {
 public:
  TableWriter(Database& db, const Table& table)
      : db_(db), table_(table), full_(insert_sql(table, batch_rows)), single_(insert_sql(table, 1)) {}

  void add(const Rows& row) {
    const std::size_t width = table_.columns.size();
    for (std::size_t i = 0; i < width; ++i)
      cells_.push_back(Cell::of(row, static_cast<int>(i), table_.columns[i].type));
    tally_.add(cells_.data() + cells_.size() - width, width);
    if (cells_.size() == batch_rows * width) write(full_, 0, cells_.size());
  }
  Tally finish() {
    const std::size_t width = table_.columns.size();
    for (std::size_t at = 0; at < cells_.size(); at += width) insert(single_, at, width);
    cells_.clear();
    return tally_;
  }

 private:
  void write(const std::string& sql, std::size_t at, std::size_t count) {
    insert(sql, at, count);
    cells_.clear();
  }
  void insert(const std::string& sql, std::size_t at, std::size_t count) {
    std::vector<Value> values;
    for (std::size_t i = at; i < at + count; ++i) values.push_back(cells_[i].value());
    db_.execute(sql, values);
  }

  Database& db_;
  const Table& table_;
  std::string full_, single_;
  std::vector<Cell> cells_;
  Tally tally_;
};

Tally tally_of(Database& db, const Table& table) {
  Tally tally;
  for_each_row(db, table, [&](const Rows& row) {
    std::vector<Cell> cells;
    for (std::size_t i = 0; i < table.columns.size(); ++i)
      cells.push_back(Cell::of(row, static_cast<int>(i), table.columns[i].type));
    tally.add(cells.data(), cells.size());
  });
  return tally;
}

std::int64_t count_of(Database& db, const Table& table) {
  const auto rows = db.query("SELECT COUNT(*) FROM " + table.name);
  rows->next();
  return rows->integer(0);
}

}  // namespace

std::vector<TableCount> count_rows(Database& db) {
  std::vector<TableCount> counts;
  for (const auto& table : tables()) counts.push_back({table.name, count_of(db, table)});
  return counts;
}

std::vector<TableCount> copy_store(Database& from, Database& to) {
  const Snapshot snapshot(from);
  Transaction transaction(to);
  for (const auto& [table, rows] : count_rows(to)) {
    if (rows != 0)
      throw Error(ErrorCode::conflict, "the target holds a store already: table " + table + " has rows",
                  "name another target");
  }
  std::vector<TableCount> copied;
  for (const auto& table : tables()) {
    TableWriter writer(to, table);
    for_each_row(from, table, [&](const Rows& row) { writer.add(row); });
    const Tally sent = writer.finish();
    if (tally_of(to, table) != sent)
      throw Error(ErrorCode::internal, "table " + table.name + " did not arrive as it was sent");
    copied.push_back({table.name, sent.rows});
  }
  transaction.commit();
  return copied;
}

}  // namespace authctl::store
