#include "tests/support/stores.h"

#include <stdlib.h>

#include <algorithm>
#include <atomic>
#include <iostream>
#include <sstream>

#include "core/store/migrations.h"
#include "core/store/postgres.h"

#include <unistd.h>

namespace authctl::test {
namespace {

const char* postgresql_url() {
  const char* url = std::getenv("AUTHCTL_TEST_POSTGRESQL");
  return url && *url ? url : nullptr;
}

std::vector<store::Engine> engines() {
  std::vector<store::Engine> all{store::Engine::sqlite};
  if (postgresql_url()) {
    all.push_back(store::Engine::postgresql);
  } else {
    static const bool said =
        (std::cerr << "PostgreSQL is skipped: AUTHCTL_TEST_POSTGRESQL is not set\n", true);
    (void)said;
  }
  return all;
}

void run_outside_stores(const std::string& sql) {
  store::connect_postgres(postgresql_url())->run_script(sql);
}

std::string fresh_schema_name() {
  static std::atomic<int> counter{0};
  return "test_" + std::to_string(::getpid()) + "_" + std::to_string(++counter);
}

}  // namespace

Catch::Generators::GeneratorWrapper<store::Engine> each_engine() {
  return Catch::Generators::from_range(engines());
}

std::string word_of(store::Engine engine) {
  return engine == store::Engine::sqlite ? "sqlite" : "postgresql";
}

Folder::Folder() {
  std::string name = (std::filesystem::temp_directory_path() / "authctl-test-XXXXXX").string();
  if (!::mkdtemp(name.data())) throw std::runtime_error("no temporary folder");
  path_ = name;
}

Folder::~Folder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

Place::Place(store::Engine engine) : engine_(engine) {
  if (engine == store::Engine::sqlite) {
    url_ = "sqlite:" + sqlite_path();
    return;
  }
  const std::string base = postgresql_url();
  schema_ = fresh_schema_name();
  run_outside_stores("CREATE SCHEMA " + schema_);
  url_ = base + (base.find('?') == std::string::npos ? "?" : "&") + "options=-csearch_path%3D" + schema_;
}

Place::~Place() {
  if (schema_.empty()) return;
  try {
    run_outside_stores("DROP SCHEMA " + schema_ + " CASCADE");
  } catch (const std::exception& e) {
    std::cerr << "schema " << schema_ << " stays: " << e.what() << '\n';
  }
}

Store::Store(store::Engine engine)
    : place_(engine), db_(store::open_database(place_.url(), store::OpenMode::create)) {}

std::unique_ptr<store::Database> Store::connect() const {
  return store::open_database(place_.url(), store::OpenMode::existing);
}

void make_older(store::Database& db, int version) {
  store::Transaction transaction(db);
  const auto migrations = store::migrations();
  for (auto last = migrations.rbegin(); last != migrations.rend(); ++last) {
    const auto& migration = *last;
    if (migration.version <= version) break;
    auto statements = store::statements_of(store::filled(migration.sql, db.engine()));
    std::ranges::reverse(statements);
    for (const auto& statement : statements) {
      std::istringstream words(statement);
      std::string create, kind, name;
      words >> create >> kind >> name;
      REQUIRE(create == "CREATE");
      if (kind == "UNIQUE") kind = name, words >> name;
      db.run_script("DROP " + kind + " " + name);
    }
    db.execute("DELETE FROM schema_migration WHERE version = $1", {migration.version});
  }
  if (db.engine() == store::Engine::sqlite) db.run_script("PRAGMA user_version=" + std::to_string(version));
  transaction.commit();
}

std::int64_t number(store::Database& db, std::string_view sql, store::Values values) {
  const auto rows = db.query(sql, values);
  REQUIRE(rows->next());
  return rows->integer(0);
}

void check_no_scan(store::Database& db, const std::string& sql) {
  // Only the shape of the plan is asked for, so every `$n` may be NULL.
  std::size_t parameters = 0;
  for (std::size_t at = sql.find('$'); at != std::string::npos; at = sql.find('$', at + 1)) {
    parameters = std::max<std::size_t>(parameters, std::strtoul(sql.c_str() + at + 1, nullptr, 10));
  }
  const std::vector<store::Value> nothing(parameters, store::Value(nullptr));
  const auto plan = db.query("EXPLAIN QUERY PLAN " + sql, nothing);
  while (plan->next()) {
    const std::string step = plan->string(3);
    INFO(sql << "\n  " << step);
    const bool whole_table = step.starts_with("SCAN") && step.find("USING") == std::string::npos &&
                             step.find("CONSTANT ROW") == std::string::npos;
    CHECK_FALSE(whole_table);
    CHECK(step.find("TEMP B-TREE FOR ORDER BY") == std::string::npos);
  }
}

}  // namespace authctl::test
