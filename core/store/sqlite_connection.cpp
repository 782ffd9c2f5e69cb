#include "core/store/sqlite_connection.h"

#include <unistd.h>

#include <cerrno>
#include <charconv>

#include "core/base/error.h"
#include "core/base/text.h"
#include "core/store/bound_text.h"
#include "core/store/sqlite_gathering.h"

namespace authctl::store {
namespace {

using base::Error;
using base::ErrorCode;

constexpr int patience_ms = 5000;

// Asks for the writer's place at a steady pace. SQLite's own waits grow to 100 ms, and who waits so long
// misses every short moment in which a long write leaves the place alone (paced_writing.h).
int wait_for_writer(void*, int times) {
  constexpr int quick = 10, quick_ms = 1, steady_ms = 3;
  if (times >= quick + (patience_ms - quick * quick_ms) / steady_ms) return 0;
  sqlite3_sleep(times < quick ? quick_ms : steady_ms);
  return 1;
}
constexpr std::size_t most_cached_texts = 256;

// After a commit: moves the log into the file once it is long. While somebody reads an older state (a
// backup), the log cannot be emptied, and each try sorts all of it; so the next one waits until it has grown.
int move_log_in_steps(void* moved_at, sqlite3* db, const char* schema, int frames) {
  constexpr int long_log = 1000, step = 250;
  int& last = *static_cast<int*>(moved_at);
  if (frames < last) last = 0;  // it began anew
  if (frames < long_log || frames - last < step) return SQLITE_OK;
  last = frames;
  sqlite3_wal_checkpoint_v2(db, schema, SQLITE_CHECKPOINT_PASSIVE, nullptr, nullptr);
  return SQLITE_OK;  // the commit stands; a log that could not be moved is moved by whoever comes next
}

[[noreturn]] void fail_with(int code, int system_error, const std::string& path, const std::string& detail) {
  const std::string store = "store " + base::quote(path);
  if (system_error == ENOSPC || system_error == EDQUOT || system_error == EFBIG) code = SQLITE_FULL;
  if ((code & 0xff) == SQLITE_CANTOPEN && ::access(path.c_str(), R_OK) == 0 &&
      ::access(path.c_str(), W_OK) != 0) {
    code = SQLITE_READONLY;  // it could not make a file beside it
  }
  switch (code & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      throw Error(ErrorCode::unavailable, store + " is busy: another process is writing", "try again");
    case SQLITE_READONLY:
      throw Error(ErrorCode::unavailable, store + " is read-only",
                  "check its file's rights and how its disk is mounted");
    case SQLITE_FULL:
      throw Error(ErrorCode::unavailable, "no space left for " + store, "free some space on its disk");
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      throw Error(ErrorCode::unavailable, store + " is damaged: " + detail,
                  "authctl store check, or restore a backup");
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
    case SQLITE_PROTOCOL:
    case SQLITE_NOMEM:
    case SQLITE_NOLFS:
      throw Error(ErrorCode::unavailable, store + " cannot be used: " + detail,
                  "check its folder, its rights and its disk");
    default:
      break;
  }
  switch (code) {
    case SQLITE_CONSTRAINT_UNIQUE:
    case SQLITE_CONSTRAINT_PRIMARYKEY:
    case SQLITE_CONSTRAINT_ROWID:
      throw Error(ErrorCode::conflict, "it exists already", "list what there is, and name another");
    case SQLITE_CONSTRAINT_FOREIGNKEY:
      throw Error(ErrorCode::conflict, "something else refers to it, or it is gone",
                  "look again, and try again");
    default:
      throw Error(ErrorCode::internal, "the store refused a statement: " + base::printable(detail));
  }
}

// Pages are allocated one by one. By default each table that a statement makes for itself takes 20 at once
// and gives them back at its end; the heap then grows and shrinks with every statement, which costs more than
// the statement. Settings of the library count before its first use only.
void allocate_pages_singly() {
  static const int done = sqlite3_config(SQLITE_CONFIG_PAGECACHE, nullptr, 0, 0);
  static_cast<void>(done);
}

}  // namespace

class SqliteRows final : public Rows {
 public:
  SqliteRows(SqliteConnection& db, SqliteConnection::Statement statement)
      : db_(db), statement_(std::move(statement)) {}
  ~SqliteRows() override { db_.give_back(std::move(statement_)); }
  SqliteRows(const SqliteRows&) = delete;
  SqliteRows& operator=(const SqliteRows&) = delete;

  SqliteConnection::Statement& statement() { return statement_; }
  // A write with RETURNING does all its work in the first step, so query() takes that step itself.
  void start() {
    step();
    stepped_ = true;
  }
  bool next() override {
    if (stepped_) {
      stepped_ = false;
    } else if (!done_) {
      step();
    }
    return !done_;
  }
  bool is_null(int column) const override { return sqlite3_column_type(raw(), column) == SQLITE_NULL; }
  std::int64_t integer(int column) const override { return sqlite3_column_int64(raw(), column); }
  std::string_view text(int column) const override { return base::text_of(blob(column)); }
  base::ByteView blob(int column) const override {
    const auto* data = static_cast<const std::uint8_t*>(sqlite3_column_blob(raw(), column));
    return {data, static_cast<std::size_t>(sqlite3_column_bytes(raw(), column))};
  }

 private:
  sqlite3_stmt* raw() const { return statement_.handle.get(); }
  void step() {
    const int code = sqlite3_step(raw());
    if (code != SQLITE_ROW && code != SQLITE_DONE) db_.fail(code);
    done_ = code == SQLITE_DONE;
  }

  SqliteConnection& db_;
  SqliteConnection::Statement statement_;
  bool stepped_ = false;
  bool done_ = false;
};

SqliteConnection::SqliteConnection(const std::string& path, int flags, const std::string& uri) : path_(path) {
  allocate_pages_singly();
  const int code = sqlite3_open_v2((uri.empty() ? path : uri).c_str(), &db_,
                                   flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, gathering_vfs());
  if (code == SQLITE_OK) return;
  const int system_error = db_ ? sqlite3_system_errno(db_) : 0;
  const std::string detail = sqlite3_errstr(code);
  sqlite3_close_v2(db_);
  fail_with(code, system_error, path_, detail);
}

SqliteConnection::~SqliteConnection() {
  idle_.clear();
  sqlite3_close_v2(db_);
}

void SqliteConnection::configure() {
  sqlite3_busy_handler(db_, wait_for_writer, nullptr);
  constexpr std::pair<int, int> switches[] = {
      {SQLITE_DBCONFIG_ENABLE_FKEY, 1},    {SQLITE_DBCONFIG_DEFENSIVE, 1},
      {SQLITE_DBCONFIG_ENABLE_TRIGGER, 0}, {SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0},
      {SQLITE_DBCONFIG_DQS_DML, 0},        {SQLITE_DBCONFIG_DQS_DDL, 0},
      {SQLITE_DBCONFIG_ENABLE_VIEW, 0}};
  for (const auto& [name, on] : switches) sqlite3_db_config(db_, name, on, nullptr);
  sqlite3_wal_hook(db_, move_log_in_steps, &moved_at_);
  // 64 MiB of pages at most, taken as they are read: a page that has to be read again is checked again.
  // What a savepoint may have to undo is kept in memory: as a temporary file it was most of what a group
  // commit wrote, and pages of the store lay outside of it.
  run_script("PRAGMA synchronous=FULL; PRAGMA cell_size_check=ON; PRAGMA cache_size=-65536");
  run_script("PRAGMA temp_store=MEMORY");
}

// SQLite 3.40 forgets to make good the log's checksums where a part of a transaction, a savepoint or one
// statement that fails, is undone that pages were spilled in: from there on a restart would not believe the
// log, and lose what was committed since. Undone as a whole it is sound.
void SqliteConnection::fail(int code) {
  must_roll_back_ = must_roll_back_ || has_outgrown_cache();
  fail_with(code, sqlite3_system_errno(db_), path_, sqlite3_errmsg(db_));
}

SqliteConnection::Statement SqliteConnection::prepare(std::string_view sql) {
  sqlite3_stmt* raw = nullptr;
  const int code = sqlite3_prepare_v3(db_, sql.data(), static_cast<int>(sql.size()),
                                      SQLITE_PREPARE_PERSISTENT, &raw, nullptr);
  if (code != SQLITE_OK) fail(code);
  Statement statement;
  statement.handle.reset(raw);
  for (int i = 1; i <= sqlite3_bind_parameter_count(raw); ++i) {
    const char* name = sqlite3_bind_parameter_name(raw, i);  // "$7"
    std::size_t number = 0;
    if (name && name[0] == '$')
      std::from_chars(name + 1, name + std::char_traits<char>::length(name), number);
    if (number == 0) throw Error(ErrorCode::internal, "a statement has a parameter that is not $n");
    statement.slots.push_back(number);
    statement.values = std::max(statement.values, number);
  }
  return statement;
}

SqliteConnection::Statement SqliteConnection::take(std::string_view sql) {
  const auto found = idle_.find(sql);
  if (found == idle_.end() || found->second.empty()) return prepare(sql);
  Statement statement = std::move(found->second.back());
  found->second.pop_back();
  return statement;
}

void SqliteConnection::give_back(Statement statement) noexcept {
  if (!statement.handle) return;
  const std::string_view sql = sqlite3_sql(statement.handle.get());  // its own copy of the text
  sqlite3_reset(statement.handle.get());
  sqlite3_clear_bindings(statement.handle.get());
  try {
    if (idle_.size() >= most_cached_texts) idle_.clear();
    auto found = idle_.find(sql);
    if (found == idle_.end()) found = idle_.emplace(std::string(sql), std::vector<Statement>{}).first;
    found->second.push_back(std::move(statement));
  } catch (const std::bad_alloc&) {
    return;  // the statement is finalized instead of kept
  }
}

void SqliteConnection::bind(Statement& statement, std::span<const Value> values,
                            sqlite3_destructor_type lifetime) {
  if (values.size() != statement.values)
    throw Error(ErrorCode::internal, "a statement got the wrong number of values");
  sqlite3_stmt* raw = statement.handle.get();
  for (std::size_t i = 0; i < statement.slots.size(); ++i) {
    const int slot = static_cast<int>(i) + 1;
    const auto& held = values[statement.slots[i] - 1].held();
    int code = SQLITE_OK;
    if (const auto* number = std::get_if<std::int64_t>(&held)) {
      code = sqlite3_bind_int64(raw, slot, *number);
    } else if (const auto* text = std::get_if<std::string_view>(&held)) {
      check_bound_text(*text);
      code = sqlite3_bind_text64(raw, slot, text->data() ? text->data() : "", text->size(), lifetime,
                                 SQLITE_UTF8);
    } else if (const auto* bytes = std::get_if<base::ByteView>(&held)) {
      const void* data =
          bytes->data() ? static_cast<const void*>(bytes->data()) : "";  // a null pointer would bind NULL
      code = sqlite3_bind_blob64(raw, slot, data, bytes->size(), lifetime);
    } else {
      code = sqlite3_bind_null(raw, slot);
    }
    if (code != SQLITE_OK) fail(code);
  }
}

std::unique_ptr<Rows> SqliteConnection::query(std::string_view sql, std::span<const Value> values) {
  auto rows = std::make_unique<SqliteRows>(*this, take(sql));
  bind(rows->statement(), values, SQLITE_TRANSIENT);
  rows->start();
  return rows;
}

std::int64_t SqliteConnection::execute(std::string_view sql, std::span<const Value> values) {
  SqliteRows rows(*this, take(sql));
  bind(rows.statement(), values, SQLITE_STATIC);
  while (rows.next()) continue;
  return sqlite3_changes64(db_);
}

void SqliteConnection::run_script(std::string_view sql) {
  const int code = sqlite3_exec(db_, std::string(sql).c_str(), nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) fail(code);
}

int SqliteConnection::spilled_pages() {
  int count = 0, unused = 0;
  sqlite3_db_status(db_, SQLITE_DBSTATUS_CACHE_SPILL, &count, &unused, 0);
  return count;
}

void SqliteConnection::begin() {
  execute("BEGIN IMMEDIATE");
  spilled_before_ = spilled_pages();
  must_roll_back_ = false;
}

bool SqliteConnection::is_in_place() {
  int has_moved = 0;
  return sqlite3_file_control(db_, "main", SQLITE_FCNTL_HAS_MOVED, &has_moved) != SQLITE_OK || has_moved == 0;
}

void SqliteConnection::commit() {
  if (!is_in_place())
    throw Error(ErrorCode::unavailable, "store " + base::quote(path_) + " was moved away or replaced",
                "put it back, or start again with the one that stands there now");
  if (must_roll_back_)
    throw Error(ErrorCode::internal, "a change went on after a statement of it had failed",
                "change less at once");
  const Gathering gathering(db_);
  execute("COMMIT");
}

void SqliteConnection::rollback() noexcept {
  if (sqlite3_get_autocommit(db_) == 0) sqlite3_exec(db_, "ROLLBACK", nullptr, nullptr, nullptr);
}

void SqliteConnection::savepoint(std::string_view name) { execute("SAVEPOINT " + checked_name(name)); }
void SqliteConnection::release(std::string_view name) { execute("RELEASE " + checked_name(name)); }

void SqliteConnection::rollback_to(std::string_view name) {
  if (has_outgrown_cache())
    throw Error(ErrorCode::unavailable, "this changes too much at once for a part of it to be undone alone",
                "change less at once");
  execute("ROLLBACK TO " + checked_name(name));
}

}  // namespace authctl::store
