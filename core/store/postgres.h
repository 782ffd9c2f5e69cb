// PostgreSQL behind the port, through libpq: all tables in the first schema of the connection's search_path.
// Invariant: writers queue for one advisory lock a schema, because the head of the audit log is one row; a
// statement that fails inside a transaction leaves only rollback() or rollback_to() to do.
#pragma once
#include <memory>
#include <string>

#include "core/store/database.h"

namespace authctl::store {

// Connects and nothing more. Error unavailable.
std::unique_ptr<Database> connect_postgres(const std::string& url);

// Is there a store of ours in the schema? Error unavailable where there are tables that are not ours.
bool postgres_store_exists(Database& db);

}  // namespace authctl::store
