#include "core/store/sealed_columns.h"

#include "core/store/tables.h"
#include "tests/support/stores.h"

using namespace authctl;

TEST_CASE("every column whose name says that it is sealed is in the list of sealed columns") {
  int found = 0;
  for (const auto& table : store::tables()) {
    for (const auto& column : table.columns) {
      if (!column.name.starts_with("sealed")) continue;
      INFO(table.name << "." << column.name);
      CHECK(std::ranges::any_of(store::sealed_columns, [&](const store::SealedColumn& listed) {
        return listed.table == table.name && listed.column == column.name;
      }));
      ++found;
    }
  }
  CHECK(found >= 2);
}
