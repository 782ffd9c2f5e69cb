// One sqlite3 handle behind the port: statements prepared once, values bound by number, result codes made
// into errors. Invariant: a statement that is in use belongs to exactly one Rows; it comes back to the cache
// reset and unbound.
#pragma once
#include <sqlite3.h>

#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "core/store/database.h"

namespace authctl::store {

class SqliteConnection final : public Database {
 public:
  // `flags`: SQLITE_OPEN_…; the file must be there. Nothing of its content is used yet. `uri`: how SQLite is
  // to open it where that is not simply by its path.
  SqliteConnection(const std::string& path, int flags, const std::string& uri = {});
  ~SqliteConnection() override;

  // Private settings of the connection: durable commits, foreign keys, no code from the schema, and patience.
  void configure();
  sqlite3* handle() { return db_; }
  bool is_in_place() override;

  using Database::execute;
  using Database::query;
  Engine engine() const override { return Engine::sqlite; }
  std::unique_ptr<Rows> query(std::string_view sql, std::span<const Value> values) override;
  std::int64_t execute(std::string_view sql, std::span<const Value> values) override;
  void run_script(std::string_view sql) override;
  void begin() override;
  void begin_read() override { execute("BEGIN"); }
  // Error unavailable where the file is not where it was: what went into it now would be lost.
  void commit() override;
  void rollback() noexcept override;
  void savepoint(std::string_view name) override;
  void release(std::string_view name) override;
  // Error unavailable where the transaction has outgrown the cache: it can be rolled back as a whole only.
  void rollback_to(std::string_view name) override;

 private:
  friend class SqliteRows;
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
  };
  struct Statement {
    std::unique_ptr<sqlite3_stmt, Finalize> handle;
    std::vector<std::size_t> slots;  // the number n of `$n` for each parameter of SQLite's own counting
    std::size_t values = 0;
  };
  struct SqlHash : std::hash<std::string_view> {
    using is_transparent = void;
  };

  Statement take(std::string_view sql);
  void give_back(Statement statement) noexcept;
  Statement prepare(std::string_view sql);
  void bind(Statement& statement, std::span<const Value> values, sqlite3_destructor_type lifetime);
  [[noreturn]] void fail(int code);
  int spilled_pages();
  bool has_outgrown_cache() { return spilled_pages() != spilled_before_; }

  sqlite3* db_ = nullptr;
  std::string path_;
  bool must_roll_back_ = false;
  int spilled_before_ = 0;  // pages that left the cache before their commit, up to this transaction
  int moved_at_ = 0;        // the length of the log, in frames, when it was last moved into the file
  std::unordered_map<std::string, std::vector<Statement>, SqlHash, std::equal_to<>> idle_;
};

}  // namespace authctl::store
