// A stable view of the store for as long as it stands: what several reads must agree on.
#pragma once
#include "core/store/database.h"

namespace authctl::store {

class Snapshot {
 public:
  explicit Snapshot(Database& db) : db_(db) { db_.begin_read(); }
  Snapshot(const Snapshot&) = delete;
  Snapshot& operator=(const Snapshot&) = delete;
  ~Snapshot() { db_.rollback(); }

 private:
  Database& db_;
};

}  // namespace authctl::store
