// Is the store sound, as far as its engine and its schema can tell? (Whether anybody touched the log is for
// audit/verification.h.)
// Invariant: a check changes nothing, also not a store that is older than this program.
#pragma once
#include <string>
#include <vector>

#include "core/store/store_copy.h"

namespace authctl::store {

struct StoreCheck {
  Engine engine = Engine::sqlite;
  int schema = 0;
  std::vector<std::string> problems;  // empty: it is sound
  std::vector<TableCount> tables;     // nothing where the pages cannot be read
};

StoreCheck check_store(Database& db);

}  // namespace authctl::store
