#include "core/store/database.h"

#include "core/base/error.h"
#include "core/base/text.h"
#include "core/store/migrations.h"
#include "core/store/sqlite.h"
#include "core/store/store_url.h"

namespace authctl::store {
namespace {

using base::Error;
using base::ErrorCode;

[[noreturn]] void fail_missing(const std::string& url) {
  throw Error(ErrorCode::unavailable, "there is no store at " + base::quote(printable_url(url)),
              "authctl init");
}

void bring_up_to_date(Database& db, int version, OpenMode mode) {
  if (version == newest_schema()) return;
  if (mode == OpenMode::read_only) {
    throw Error(ErrorCode::unavailable, "the store has an older schema", "authctl store migrate");
  }
  applied_version(db);  // refuses a history that is not ours before anything is added to it
  migrate(db, version);
}

}  // namespace

std::unique_ptr<Database> open_database(const std::string& url, OpenMode mode) {
  const StoreUrl parsed = parse_store_url(url);
  if (parsed.engine != Engine::sqlite) throw Error(ErrorCode::unavailable, "only SQLite stores can be opened yet");
  if (!sqlite_file_exists(parsed.target)) {
    if (mode != OpenMode::create) fail_missing(url);
    create_sqlite(parsed.target);
  }
  int version = 0;
  auto db = open_sqlite(parsed.target, mode, version);
  bring_up_to_date(*db, version, mode);
  return db;
}

bool store_exists(const std::string& url) {
  const StoreUrl parsed = parse_store_url(url);
  if (parsed.engine != Engine::sqlite) throw Error(ErrorCode::unavailable, "only SQLite stores can be opened yet");
  if (!sqlite_file_exists(parsed.target)) return false;
  int version = 0;
  open_sqlite(parsed.target, OpenMode::read_only, version);
  return true;
}

}  // namespace authctl::store
