#include "core/store/tables.h"

#include <algorithm>

#include "tests/support/stores.h"

using namespace authctl;

TEST_CASE("the list of tables and columns is what the store really holds") {
  test::Store store;
  CHECK(test::number(
            store.db(),
            "SELECT COUNT(*) FROM sqlite_schema WHERE type = 'table' AND name <> 'schema_migration'") ==
        static_cast<std::int64_t>(store::tables().size()));
  for (const auto& table : store::tables()) {
    INFO(table.name);
    std::vector<std::string> real, listed;
    const auto rows = store.db().query("SELECT name || ' ' || type FROM pragma_table_info($1)", {table.name});
    while (rows->next()) real.push_back(rows->string(0));
    for (const auto& column : table.columns) {
      constexpr const char* words[] = {" INTEGER", " TEXT", " BLOB"};
      listed.push_back(column.name + words[static_cast<int>(column.type)]);
    }
    CHECK(real == listed);
  }
}
