// The port: one connection to a store, whatever engine is behind it. One SQL text serves both engines:
// `$1…$n`, ON CONFLICT, RETURNING; no LIKE on user text, no order by text, ids minted by us. Invariant:
// values are always bound, never spliced into SQL; a statement is prepared once for each connection. Errors:
// unavailable (unreachable, busy, read-only, full, corrupt), conflict (a unique or foreign key), internal.
#pragma once
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>

#include "core/base/clock.h"
#include "core/base/encoding.h"
#include "core/base/error.h"

namespace authctl::store {

// What can be bound. The bytes must live until the call returns.
class Value {
 public:
  using Held = std::variant<std::nullptr_t, std::int64_t, std::string_view, base::ByteView>;
  Value(std::nullptr_t) : held_(nullptr) {}
  Value(std::int64_t v) : held_(v) {}
  Value(int v) : held_(std::int64_t{v}) {}
  Value(bool v) : held_(std::int64_t{v}) {}
  Value(std::string_view v) : held_(v) {}
  Value(const char* v) : held_(std::string_view(v)) {}
  Value(const std::string& v) : held_(std::string_view(v)) {}
  Value(base::ByteView v) : held_(v) {}
  Value(const base::Bytes& v) : held_(base::ByteView(v)) {}
  Value(base::Timestamp v) : held_(base::to_unix_millis(v)) {}  // stored as unix milliseconds
  template <class T>
  Value(const std::optional<T>& v) : held_(nullptr) {
    if (v) held_ = Value(*v).held_;
  }
  const Held& held() const { return held_; }

 private:
  Held held_;
};
using Values = std::initializer_list<Value>;

// A result, row after row. Columns count from 0; a view is good until the next next().
class Rows {
 public:
  virtual ~Rows() = default;
  virtual bool next() = 0;
  virtual bool is_null(int column) const = 0;
  virtual std::int64_t integer(int column) const = 0;
  virtual std::string_view text(int column) const = 0;
  virtual base::ByteView blob(int column) const = 0;

  bool boolean(int column) const { return integer(column) != 0; }
  std::string string(int column) const { return std::string(text(column)); }
  base::Bytes bytes(int column) const {
    const auto view = blob(column);
    return {view.begin(), view.end()};
  }
  base::Timestamp time(int column) const { return base::from_unix_millis(integer(column)); }
  std::optional<std::string> optional_string(int column) const {
    return is_null(column) ? std::nullopt : std::optional(string(column));
  }
  std::optional<base::Timestamp> optional_time(int column) const {
    return is_null(column) ? std::nullopt : std::optional(time(column));
  }
};

enum class Engine { sqlite, postgresql };

class FieldSealer;

class Database {
 public:
  virtual ~Database() = default;
  virtual Engine engine() const = 0;
  // Whether what was opened is still what stands at its URL; a server's store does not move.
  virtual bool is_in_place() { return true; }

  // Rows of a SELECT or of a write with RETURNING. Several results may be open at once, also of the same SQL
  // text.
  virtual std::unique_ptr<Rows> query(std::string_view sql, std::span<const Value> values) = 0;
  // A write; gives the number of rows it touched.
  virtual std::int64_t execute(std::string_view sql, std::span<const Value> values) = 0;
  // Several statements without values: migrations and pragmas.
  virtual void run_script(std::string_view sql) = 0;

  // begin() takes the writer's place at once (SQLite: BEGIN IMMEDIATE); begin_read() a stable snapshot.
  virtual void begin() = 0;
  virtual void begin_read() = 0;
  virtual void commit() = 0;
  virtual void rollback() noexcept = 0;
  virtual void savepoint(std::string_view name) = 0;
  virtual void release(std::string_view name) = 0;
  virtual void rollback_to(std::string_view name) = 0;

  // Set where identifiers are sealed (store/field_sealer.h), by whoever holds the key; null: they are not.
  const FieldSealer* fields() const { return fields_; }
  void use_fields(const FieldSealer* fields) { fields_ = fields; }

  std::unique_ptr<Rows> query(std::string_view sql, Values values = {}) {
    return query(sql, std::span<const Value>(values.begin(), values.size()));
  }
  std::int64_t execute(std::string_view sql, Values values = {}) {
    return execute(sql, std::span<const Value>(values.begin(), values.size()));
  }

 private:
  const FieldSealer* fields_ = nullptr;
};

// Unavailable, as any damaged store; told apart because for who verifies the audit log it is a finding.
struct AlteredLogIndex : base::Error {
  using Error::Error;
};

enum class OpenMode {
  existing,   // an older one is migrated
  create,     // made where it is missing
  read_only,  // for looking: an older one is left as it is
};

// `sqlite:PATH`, `postgresql://…` or `postgres://…`. Opens, checks that it is one of ours (foreign, damaged,
// newer: unavailable, and nothing in it or beside it is touched), and migrates an older one. `create` makes
// it where missing. Error unavailable with the hint `authctl init` where there is none.
std::unique_ptr<Database> open_database(const std::string& url, OpenMode mode);

// True where a store of ours stands at the URL; false where there is none. Error unavailable for anything
// else.
bool store_exists(const std::string& url);

// The URL without a password, for messages.
std::string printable_url(std::string_view url);

// A transaction that is rolled back unless commit() was reached.
class Transaction {
 public:
  explicit Transaction(Database& db) : db_(db) { db_.begin(); }
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;
  ~Transaction() {
    if (!done_) db_.rollback();
  }
  void commit() {
    db_.commit();
    done_ = true;
  }

 private:
  Database& db_;
  bool done_ = false;
};

}  // namespace authctl::store
