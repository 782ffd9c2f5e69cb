#include "core/store/store_check.h"

#include <algorithm>

#include "core/base/error.h"
#include "core/base/text.h"
#include "core/store/migrations.h"
#include "core/store/tables.h"

namespace authctl::store {
namespace {

// Runs one part of the check; what it cannot read is a problem too, and no reason to stop.
template <class Part>
void note(StoreCheck& result, Part part) {
  try {
    part();
  } catch (const base::Error& error) {
    result.problems.push_back(error.message());
  }
}

void check_pages(Database& db, StoreCheck& result) {
  const auto rows = db.query("PRAGMA integrity_check(20)");
  while (rows->next()) {
    if (rows->text(0) != "ok") result.problems.push_back(base::printable(rows->text(0)));
  }
}

void check_references(Database& db, StoreCheck& result) {
  const auto rows = db.query("PRAGMA foreign_key_check");
  while (rows->next()) {
    result.problems.push_back("table " + base::printable(rows->text(0)) + " refers to a row of " +
                              base::printable(rows->text(2)) + " that is gone");
  }
}

void check_constraints(Database& db, StoreCheck& result) {
  const auto rows = db.query(
      "SELECT conname FROM pg_catalog.pg_constraint WHERE NOT convalidated AND connamespace = "
      "(SELECT oid FROM pg_catalog.pg_namespace WHERE nspname = pg_catalog.current_schema())");
  while (rows->next())
    result.problems.push_back("constraint " + base::printable(rows->text(0)) + " was never checked");
}

// SQLite compares the whole schema whenever it opens; PostgreSQL rewrites what it is given, so there the
// columns are compared.
void check_columns(Database& db, StoreCheck& result) {
  for (const auto& table : tables()) {
    std::vector<std::string> expected, found;
    for (const auto& column : table.columns) {
      constexpr const char* types[] = {"bigint", "text", "bytea"};
      expected.push_back(column.name + " " + types[static_cast<std::size_t>(column.type)]);
    }
    const auto rows = db.query(
        "SELECT column_name || ' ' || data_type FROM information_schema.columns WHERE table_schema = "
        "pg_catalog.current_schema() AND table_name = $1 ORDER BY ordinal_position",
        {table.name});
    while (rows->next()) found.push_back(rows->string(0));
    if (found != expected)
      result.problems.push_back("table " + table.name + " has other columns than it should");
  }
}

}  // namespace

StoreCheck check_store(Database& db) {
  StoreCheck result;
  result.engine = db.engine();
  note(result, [&] { result.schema = applied_version(db); });
  if (db.engine() == Engine::sqlite) {
    note(result, [&] { check_pages(db, result); });
    note(result, [&] { check_references(db, result); });
  } else {
    note(result, [&] { check_constraints(db, result); });
    if (result.schema == newest_schema()) note(result, [&] { check_columns(db, result); });
  }
  if (result.schema == newest_schema()) note(result, [&] { result.tables = count_rows(db); });
  return result;
}

}  // namespace authctl::store
