#include "core/store/store_dump.h"

#include "core/base/error.h"
#include "core/store/migrations.h"
#include "core/store/table_rows.h"

namespace authctl::store {
namespace {

// Longer than any cell of ours; a length beyond it is damage, and nothing to allocate for.
constexpr std::uint64_t longest_cell = std::uint64_t{1} << 28;

[[noreturn]] void refuse(const std::string& why) {
  throw base::Error(base::ErrorCode::unverified, "the stream of tables makes no sense: " + why,
                    "another copy of the backup");
}

void put_number(std::string& out, std::uint64_t number) {
  for (int shift = 0; shift < 64; shift += 8) out += static_cast<char>(number >> shift);
}

void put_text(std::string& out, std::string_view text) {
  put_number(out, text.size());
  out += text;
}

std::string head_of(const Table& table) {
  std::string head = "T";
  put_text(head, table.name);
  put_number(head, table.columns.size());
  for (const auto& column : table.columns) {
    head += static_cast<char>(column.type);
    put_text(head, column.name);
  }
  return head;
}

void put_cell(std::string& out, const Cell& cell) {
  out += cell.is_null ? '0' : '1';
  if (cell.is_null) return;
  if (cell.type == ColumnType::integer)
    put_number(out, static_cast<std::uint64_t>(cell.number));
  else
    put_text(out, cell.bytes);
}

std::string end_of(const Tally& tally) {
  std::string end = "E";
  put_number(end, static_cast<std::uint64_t>(tally.rows));
  put_number(end, tally.sum);
  return end;
}

class Reader {
 public:
  explicit Reader(const DumpSource& source) : source_(source) {}
  char mark() {
    std::uint8_t byte = 0;
    source_({&byte, 1});
    return static_cast<char>(byte);
  }
  std::uint64_t number() {
    std::uint8_t bytes[8];
    source_(bytes);
    std::uint64_t value = 0;
    for (int i = 7; i >= 0; --i) value = value << 8 | bytes[i];
    return value;
  }
  std::string text() {
    const auto size = number();
    if (size > longest_cell) refuse("a cell is too long");
    return exactly(size);
  }
  std::string exactly(std::size_t size) {
    std::string text(size, '\0');
    source_({reinterpret_cast<std::uint8_t*>(text.data()), text.size()});
    return text;
  }
  Cell cell(ColumnType type) {
    Cell cell{true, type, 0, {}};
    const char present = mark();
    if (present != '0' && present != '1') refuse("a cell is neither there nor not");
    cell.is_null = present == '0';
    if (cell.is_null) return cell;
    if (type == ColumnType::integer)
      cell.number = static_cast<std::int64_t>(number());
    else
      cell.bytes = text();
    return cell;
  }

 private:
  const DumpSource& source_;
};

std::int64_t load_table(Database& db, const Table& table, Reader& reader, std::int64_t before,
                        const RowProgress& progress) {
  const std::string head = head_of(table);
  if (reader.exactly(head.size()) != head) refuse("table " + table.name + " has other columns");
  TableWriter writer(db, table);
  std::int64_t rows = 0;
  char mark = reader.mark();
  for (; mark == 'R'; mark = reader.mark(), ++rows) {
    std::vector<Cell> row;
    for (const auto& column : table.columns) row.push_back(reader.cell(column.type));
    writer.add(std::move(row));
    progress(before + rows);
  }
  const Tally arrived = writer.finish();
  if (mark != 'E') refuse("table " + table.name + " has no end");
  const auto count = reader.number(), sum = reader.number();
  if (count != static_cast<std::uint64_t>(arrived.rows) || sum != arrived.sum)
    refuse("table " + table.name + " did not arrive as it was sent");
  return rows;
}

}  // namespace

std::vector<TableCount> dump_store(Database& db, const DumpSink& sink, const RowProgress& progress) {
  std::vector<TableCount> counts;
  std::int64_t all = 0;
  for (const auto& table : tables_of(applied_version(db))) {
    Tally tally;
    sink(base::bytes_of(head_of(table)));
    std::string line;
    for_each_row(db, table, [&](const Rows& row) {
      std::vector<Cell> cells;
      line = "R";
      for (std::size_t i = 0; i < table.columns.size(); ++i) {
        cells.push_back(Cell::of(row, static_cast<int>(i), table.columns[i].type));
        put_cell(line, cells.back());
      }
      tally.add(cells.data(), cells.size());
      sink(base::bytes_of(line));
      progress(++all);
    });
    sink(base::bytes_of(end_of(tally)));
    counts.push_back({table.name, tally.rows});
  }
  sink(base::bytes_of("Z"));
  return counts;
}

std::vector<TableCount> load_store(Database& db, int schema, const DumpSource& source,
                                   const RowProgress& progress) {
  Reader reader(source);
  std::vector<TableCount> counts;
  std::int64_t all = 0;
  for (const auto& table : tables_of(schema)) {
    const auto rows = load_table(db, table, reader, all, progress);
    all += rows;
    counts.push_back({table.name, rows});
  }
  if (reader.mark() != 'Z') refuse("there is more than this schema has");
  return counts;
}

}  // namespace authctl::store
