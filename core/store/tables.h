// The tables and columns of the newest schema, read off its own text: what `store copy` moves and `store
// check` counts. Invariant: a table that the migrations create is in the list; nothing has to be entered
// twice.
#pragma once
#include <span>
#include <string>
#include <vector>

namespace authctl::store {

enum class ColumnType { integer, text, bytes };

struct Column {
  std::string name;
  ColumnType type;
};

struct Table {
  std::string name;
  std::vector<Column> columns;
};

// In the order they are created: what a row refers to stands in an earlier table.
std::span<const Table> tables();
// The same of an earlier schema.
std::vector<Table> tables_of(int schema);

}  // namespace authctl::store
