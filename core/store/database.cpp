#include "core/store/database.h"

#include "core/base/error.h"
#include "core/base/text.h"
#include "core/store/migrations.h"
#include "core/store/postgres.h"
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
  if (version == newest_schema() || mode == OpenMode::read_only) return;
  // Refuses a history that is not ours before anything is added to it.
  const int applied = applied_version(db);
  if (applied == newest_schema()) return;  // another process was faster
  if (applied != version) {
    throw Error(ErrorCode::unavailable, "the store says two things about its version, and is damaged",
                "restore a backup");
  }
  migrate(db);
}

std::unique_ptr<Database> open_file(const std::string& url, const std::string& path, OpenMode mode) {
  if (!sqlite_file_exists(path)) {
    if (mode != OpenMode::create) fail_missing(url);
    create_sqlite(path);
  }
  int version = 0;
  auto db = open_sqlite(path, mode, version);
  bring_up_to_date(*db, version, mode);
  return db;
}

std::unique_ptr<Database> open_server(const std::string& url, OpenMode mode) {
  auto db = connect_postgres(url);
  if (!postgres_store_exists(*db)) {
    if (mode != OpenMode::create) fail_missing(url);
    migrate(*db);
  }
  bring_up_to_date(*db, applied_version(*db), mode);
  return db;
}

}  // namespace

std::unique_ptr<Database> open_database(const std::string& url, OpenMode mode) {
  const StoreUrl parsed = parse_store_url(url);
  return parsed.engine == Engine::sqlite ? open_file(url, parsed.target, mode) : open_server(url, mode);
}

bool store_exists(const std::string& url) {
  const StoreUrl parsed = parse_store_url(url);
  if (parsed.engine == Engine::postgresql) return postgres_store_exists(*connect_postgres(url));
  if (!sqlite_file_exists(parsed.target)) return false;
  int version = 0;
  open_sqlite(parsed.target, OpenMode::read_only, version);
  return true;
}

}  // namespace authctl::store
