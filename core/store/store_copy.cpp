#include "core/store/store_copy.h"

#include "core/base/error.h"
#include "core/store/snapshot.h"
#include "core/store/table_rows.h"

namespace authctl::store {
namespace {

using base::Error;
using base::ErrorCode;

std::int64_t count_of(Database& db, const Table& table) {
  const auto rows = db.query("SELECT COUNT(*) FROM " + table.name);
  rows->next();
  return rows->integer(0);
}

void refuse_rows(Database& to) {
  for (const auto& [table, rows] : count_rows(to)) {
    if (rows != 0)
      throw Error(ErrorCode::conflict, "the target holds a store already: table " + table + " has rows",
                  "name another target");
  }
}

std::vector<TableCount> copy_tables(Database& from, Database& to) {
  std::vector<TableCount> copied;
  for (const auto& table : tables()) {
    TableWriter writer(to, table);
    for_each_row(from, table, [&](const Rows& row) { writer.add(row); });
    const Tally sent = writer.finish();
    if (tally_of(to, table) != sent)
      throw Error(ErrorCode::internal, "table " + table.name + " did not arrive as it was sent");
    copied.push_back({table.name, sent.rows});
  }
  return copied;
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
  refuse_rows(to);
  auto copied = copy_tables(from, to);
  transaction.commit();
  return copied;
}

std::vector<TableCount> replace_store(Database& from, Database& to) {
  const Snapshot snapshot(from);
  // What refers to a row goes before the row.
  const auto all = tables();
  for (auto table = all.rbegin(); table != all.rend(); ++table) to.execute("DELETE FROM " + table->name);
  return copy_tables(from, to);
}

}  // namespace authctl::store
