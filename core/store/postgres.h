// PostgreSQL behind the port, through libpq: all tables in the first schema of the connection's search_path.
// Invariant: writers queue for one advisory lock a schema, because the head of the audit log is one row; a
// statement that fails inside a transaction leaves only rollback() or rollback_to() to do.
#pragma once
#include <memory>
#include <string>

#include "core/store/database.h"

namespace authctl::store {

// How a connection would go to the server; libpq's environment (PGSSLMODE, PGHOST, …) counts as it does
// there.
struct PostgresLink {
  bool is_local = false;  // nothing but Unix sockets
  std::string ssl_mode;
};
// Nothing is connected. Error unavailable where libpq is not there, usage where the URL is none.
PostgresLink postgres_link(const std::string& url);

// Connects and nothing more. Error unavailable.
std::unique_ptr<Database> connect_postgres(const std::string& url);

// Is there a store of ours in the schema? Error unavailable where there are tables that are not ours.
bool postgres_store_exists(Database& db);

}  // namespace authctl::store
