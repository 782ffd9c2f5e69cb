#include "core/store/postgres.h"

#include <array>
#include <cstdlib>
#include <map>
#include <sstream>
#include <vector>

#include "core/base/error.h"
#include "core/base/text.h"
#include "core/store/bound_text.h"
#include "core/store/postgres_result.h"
#include "core/store/store_url.h"

namespace authctl::store {
namespace {

using base::Error;
using base::ErrorCode;

constexpr Oid type_unknown = 0, type_int8 = 20, type_text = 25, type_bytea = 17;
constexpr int binary = 1;

// Durable commits whatever the server's default is; nobody waits for a writer longer than SQLite would.
constexpr const char* session_settings =
    "SET lock_timeout = '5s'; SET idle_in_transaction_session_timeout = '60s'; SET "
    "standard_conforming_strings = on; "
    "SELECT pg_catalog.set_config('synchronous_commit', 'on', false) "
    "WHERE pg_catalog.current_setting('synchronous_commit') = 'off'";

constexpr std::string_view writers_place =
    "SELECT pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtextextended('authctl:' || "
    "pg_catalog.current_schema(), 0))";

std::string first_line(std::string_view text) {
  return base::printable(base::without_newline(text.substr(0, std::min(text.find('\n'), text.size()))));
}

// SQLSTATE classes, PostgreSQL manual appendix A.
[[noreturn]] void fail_with(std::string_view state, std::string_view message) {
  const auto is_of = [&](std::string_view prefix) { return state.starts_with(prefix); };
  if (state == "23505")
    throw Error(ErrorCode::conflict, "it exists already", "list what there is, and name another");
  if (state == "23503")
    throw Error(ErrorCode::conflict, "something else refers to it, or it is gone",
                "look again, and try again");
  if (state == "25006")
    throw Error(ErrorCode::unavailable, "the store is read-only", "name the primary server, not a replica");
  if (state == "55P03" || state == "40001" || state == "40P01") {
    throw Error(ErrorCode::unavailable, "the store is busy: another process is writing", "try again");
  }
  if (is_of("53"))
    throw Error(ErrorCode::unavailable, "the store is full or out of resources: " + first_line(message),
                "free what PostgreSQL ran out of");
  if (is_of("XX") || is_of("58"))
    throw Error(ErrorCode::unavailable, "the store is damaged: " + first_line(message), "restore a backup");
  if (state.empty() || (is_of("08") && state != "08P01") || is_of("57P") || is_of("28") || is_of("3D") ||
      state == "42501") {
    throw Error(ErrorCode::unavailable, "the store cannot be used: " + first_line(message),
                "check the URL, the account and its rights");
  }
  throw Error(ErrorCode::internal, "the store refused a statement: " + first_line(message));
}

class PostgresConnection final : public Database {
 public:
  explicit PostgresConnection(const std::string& url) {
    // The URL first, what may not be changed by it after it.
    const std::array<const char*, 5> names{"dbname", "client_encoding", "connect_timeout",
                                           "fallback_application_name", nullptr};
    const std::array<const char*, 5> values{url.c_str(), "UTF8", "10", "authctl", nullptr};
    connection_ = libpq().connectdbParams(names.data(), values.data(), 1);
    if (!connection_ || libpq().status(connection_) != CONNECTION_OK) {
      const std::string why = connection_ ? first_line(libpq().errorMessage(connection_)) : "out of memory";
      libpq().finish(connection_);
      throw Error(ErrorCode::unavailable,
                  "store " + base::quote(printable_url(url)) + " cannot be reached: " + why,
                  "check the URL, and that the server runs");
    }
    libpq().setNoticeProcessor(
        connection_, [](void*, const char*) {}, nullptr);
    run_script(session_settings);
  }
  ~PostgresConnection() override { libpq().finish(connection_); }
  PostgresConnection(const PostgresConnection&) = delete;
  PostgresConnection& operator=(const PostgresConnection&) = delete;

  using Database::execute;
  using Database::query;
  Engine engine() const override { return Engine::postgresql; }
  std::unique_ptr<Rows> query(std::string_view sql, std::span<const Value> values) override {
    return std::make_unique<PostgresRows>(run(sql, values));
  }
  std::int64_t execute(std::string_view sql, std::span<const Value> values) override {
    const PostgresResult result = run(sql, values);
    return std::strtoll(libpq().cmdTuples(result.get()), nullptr, 10);
  }
  void run_script(std::string_view sql) override {
    check(PostgresResult(libpq().exec(connection_, std::string(sql).c_str())));
  }
  void begin() override {
    run_script("BEGIN");
    try {
      query(writers_place);
    } catch (...) {
      rollback();
      throw;
    }
  }
  void begin_read() override { run_script("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"); }
  void commit() override {
    // COMMIT of a failed transaction is answered by a rollback that looks like success.
    if (libpq().transactionStatus(connection_) != PQTRANS_INTRANS)
      fail_with("25P02", "the transaction has failed");
    run_script("COMMIT");
  }
  void rollback() noexcept override {
    if (libpq().transactionStatus(connection_) != PQTRANS_IDLE)
      libpq().clear(libpq().exec(connection_, "ROLLBACK"));
  }
  void savepoint(std::string_view name) override { run_script("SAVEPOINT " + checked_name(name)); }
  void release(std::string_view name) override { run_script("RELEASE " + checked_name(name)); }
  void rollback_to(std::string_view name) override { run_script("ROLLBACK TO " + checked_name(name)); }

 private:
  // The values as libpq takes them. Types are named, so that `$1` means the same wherever it stands.
  struct Bound {
    std::vector<Oid> types;
    std::vector<const char*> data;
    std::vector<int> lengths, formats;
    std::vector<std::array<char, 8>> numbers;
    int count() const { return static_cast<int>(data.size()); }
  };

  static Bound bind(std::span<const Value> values) {
    Bound bound;
    bound.numbers.reserve(values.size());
    const auto add = [&](Oid type, const char* data, std::size_t length) {
      bound.types.push_back(type);
      bound.data.push_back(data);
      bound.lengths.push_back(static_cast<int>(length));
      bound.formats.push_back(binary);
    };
    for (const Value& value : values) {
      if (const auto* number = std::get_if<std::int64_t>(&value.held())) {
        auto& bytes = bound.numbers.emplace_back();
        for (std::size_t i = 0; i < 8; ++i)
          bytes[i] = static_cast<char>(static_cast<std::uint64_t>(*number) >> (56 - 8 * i));
        add(type_int8, bytes.data(), 8);
      } else if (const auto* text = std::get_if<std::string_view>(&value.held())) {
        check_bound_text(*text);
        add(type_text, text->data() ? text->data() : "", text->size());
      } else if (const auto* view = std::get_if<base::ByteView>(&value.held())) {
        add(type_bytea, view->data() ? reinterpret_cast<const char*>(view->data()) : "", view->size());
      } else {
        add(type_unknown, nullptr, 0);
      }
    }
    return bound;
  }

  PostgresResult run(std::string_view sql, std::span<const Value> values) {
    const Bound bound = bind(values);
    const std::string& name = prepared(sql, bound);
    return check(
        PostgresResult(libpq().execPrepared(connection_, name.c_str(), bound.count(), bound.data.data(),
                                            bound.lengths.data(), bound.formats.data(), binary)));
  }

  const std::string& prepared(std::string_view sql, const Bound& bound) {
    std::pair<std::string, std::vector<Oid>> key{sql, bound.types};
    if (const auto found = names_.find(key); found != names_.end()) return found->second;
    std::string name = "s" + std::to_string(names_.size());
    check(PostgresResult(
        libpq().prepare(connection_, name.c_str(), key.first.c_str(), bound.count(), bound.types.data())));
    return names_.emplace(std::move(key), std::move(name)).first->second;
  }

  PostgresResult check(PostgresResult result) {
    const auto status = libpq().resultStatus(result.get());
    // A script may hold no statement: a migration that is only there for its number.
    if (status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK || status == PGRES_EMPTY_QUERY) return result;
    const char* state = libpq().resultErrorField(result.get(), PG_DIAG_SQLSTATE);
    const char* message = libpq().resultErrorField(result.get(), PG_DIAG_MESSAGE_PRIMARY);
    fail_with(state ? state : "", message ? message : libpq().errorMessage(connection_));
  }

  PGconn* connection_ = nullptr;
  std::map<std::pair<std::string, std::vector<Oid>>, std::string> names_;
};

}  // namespace

PostgresLink postgres_link(const std::string& url) {
  struct Free {
    void operator()(PQconninfoOption* options) const { libpq().conninfoFree(options); }
  };
  using Options = std::unique_ptr<PQconninfoOption, Free>;
  char* why = nullptr;
  const Options given(libpq().conninfoParse(url.c_str(), &why));
  if (!given) {
    ::free(why);
    throw Error(ErrorCode::usage, "the URL of the store is not one that libpq reads",
                "postgresql://USER@HOST/DATABASE");
  }
  const auto find = [](const PQconninfoOption* option, std::string_view name) {
    for (; option && option->keyword; ++option)
      if (option->keyword == name && option->val && *option->val) return std::string(option->val);
    return std::string();
  };
  // What a service file says of the rest is not looked at.
  if (!find(given.get(), "service").empty())
    return {.is_local = false, .ssl_mode = find(given.get(), "sslmode")};
  const Options otherwise(libpq().conndefaults());
  const auto value = [&](std::string_view name) {
    const auto own = find(given.get(), name);
    return own.empty() ? find(otherwise.get(), name) : own;
  };
  PostgresLink link{.is_local = value("hostaddr").empty(), .ssl_mode = value("sslmode")};
  std::istringstream hosts(value("host"));
  for (std::string host; std::getline(hosts, host, ',');)
    if (!host.starts_with('/') && !host.starts_with('@')) link.is_local = false;
  return link;
}

std::unique_ptr<Database> connect_postgres(const std::string& url) {
  return std::make_unique<PostgresConnection>(url);
}

bool postgres_store_exists(Database& db) {
  const auto rows = db.query(
      "SELECT COUNT(*), COALESCE(SUM(CASE WHEN relname = 'schema_migration' THEN 1 ELSE 0 END), 0) FROM "
      "pg_catalog.pg_class "
      "WHERE relkind IN ('r', 'p', 'v', 'm', 'f') AND relnamespace = (SELECT oid FROM "
      "pg_catalog.pg_namespace WHERE nspname = "
      "pg_catalog.current_schema())");
  rows->next();
  if (rows->integer(1) > 0) return true;
  if (rows->integer(0) > 0) {
    throw Error(ErrorCode::unavailable, "the database holds tables, and they are not a store of authctl",
                "give it a schema of its own: …?options=-csearch_path%3Dauthctl");
  }
  return false;
}

}  // namespace authctl::store
