#include "core/store/table_rows.h"

#include <cstring>
#include <iterator>

#include "core/crypto/digest.h"

namespace authctl::store {
namespace {

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

std::vector<Cell> cells_of(const Rows& row, const Table& table) {
  std::vector<Cell> cells;
  for (std::size_t i = 0; i < table.columns.size(); ++i)
    cells.push_back(Cell::of(row, static_cast<int>(i), table.columns[i].type));
  return cells;
}

}  // namespace

Cell Cell::of(const Rows& row, int i, ColumnType type) {
  Cell cell{row.is_null(i), type, 0, {}};
  if (cell.is_null) return cell;
  if (type == ColumnType::integer)
    cell.number = row.integer(i);
  else
    cell.bytes = base::text_of(row.blob(i));
  return cell;
}

Value Cell::value() const {
  if (is_null) return nullptr;
  if (type == ColumnType::integer) return number;
  if (type == ColumnType::text) return std::string_view(bytes);
  return base::bytes_of(bytes);
}

void Cell::spell(std::string& record) const {
  if (is_null)
    record += 'n';
  else if (type == ColumnType::integer)
    record += 'i' + std::to_string(number);
  else
    record += 'b' + std::to_string(bytes.size()) + ':' + bytes;
  record += ';';
}

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

void Tally::add(const Cell* cells, std::size_t count) {
  std::string record;
  for (std::size_t i = 0; i < count; ++i) cells[i].spell(record);
  const auto digest = crypto::sha256(base::bytes_of(record));
  std::uint64_t part = 0;
  std::memcpy(&part, digest.data(), sizeof part);
  sum += part;
  ++rows;
}

Tally tally_of(Database& db, const Table& table) {
  Tally tally;
  for_each_row(db, table, [&](const Rows& row) {
    const auto cells = cells_of(row, table);
    tally.add(cells.data(), cells.size());
  });
  return tally;
}

TableWriter::TableWriter(Database& db, const Table& table)
    : db_(db), table_(table), full_(insert_sql(table, batch_rows)), single_(insert_sql(table, 1)) {}

void TableWriter::add(const Rows& row) { add(cells_of(row, table_)); }

void TableWriter::add(std::vector<Cell> row) {
  tally_.add(row.data(), row.size());
  std::move(row.begin(), row.end(), std::back_inserter(cells_));
  if (cells_.size() < batch_rows * table_.columns.size()) return;
  insert(full_, 0, cells_.size());
  cells_.clear();
}

Tally TableWriter::finish() {
  const std::size_t width = table_.columns.size();
  for (std::size_t at = 0; at < cells_.size(); at += width) insert(single_, at, width);
  cells_.clear();
  return tally_;
}

void TableWriter::insert(const std::string& sql, std::size_t at, std::size_t count) {
  std::vector<Value> values;
  for (std::size_t i = at; i < at + count; ++i) values.push_back(cells_[i].value());
  db_.execute(sql, values);
}

}  // namespace authctl::store
