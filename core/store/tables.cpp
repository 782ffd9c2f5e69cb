#include "core/store/tables.h"

#include <array>
#include <optional>

#include "core/base/error.h"
#include "core/store/migrations.h"

namespace authctl::store {
namespace {

constexpr std::string_view blanks = " \t\r\n";

std::string_view take_word(std::string_view& text) {
  const auto begin = std::min(text.find_first_not_of(blanks), text.size());
  const auto end = std::min(text.find_first_of(" \t\r\n(,", begin), text.size());
  const auto word = text.substr(begin, end - begin);
  text.remove_prefix(end);
  return word;
}

std::optional<ColumnType> type_of(std::string_view word) {
  if (word == "INTEGER") return ColumnType::integer;
  if (word == "TEXT") return ColumnType::text;
  if (word == "BLOB") return ColumnType::bytes;
  return std::nullopt;
}

// `CREATE TABLE name ( column TYPE …, …, PRIMARY KEY (…) )`: each line of the body begins with a column's
// name and type, or with a table constraint, whose second word is no type.
Table read_table(std::string_view statement) {
  for (const std::string_view word : {"CREATE", "TABLE"}) {
    if (take_word(statement) != word)
      throw base::Error(base::ErrorCode::internal, "a migration is no CREATE TABLE");
  }
  Table table{std::string(take_word(statement)), {}};
  statement.remove_prefix(statement.find('(') + 1);
  while (!statement.empty()) {
    auto line = statement.substr(0, statement.find('\n'));
    statement.remove_prefix(std::min(line.size() + 1, statement.size()));
    const auto name = take_word(line);
    if (const auto type = type_of(take_word(line))) table.columns.push_back({std::string(name), *type});
  }
  return table;
}

}  // namespace

std::vector<Table> tables_of(int schema) {
  std::vector<Table> all;
  for (const auto& migration : migrations()) {
    if (migration.version > schema) break;
    for (const auto& statement : statements_of(filled(migration.sql, Engine::sqlite))) {
      if (statement.starts_with("CREATE TABLE ")) all.push_back(read_table(statement));
    }
  }
  return all;
}

std::span<const Table> tables() {
  static const std::vector<Table> all = tables_of(newest_schema());
  return all;
}

}  // namespace authctl::store
