// A fresh store for each test, on every engine that is there. PostgreSQL is where AUTHCTL_TEST_POSTGRESQL
// says (see scripts/with-postgres); each test gets a schema of its own in it.
//
//   TEST_CASE("a name is unique") {
//     test::Store store(GENERATE(test::each_engine()));
//     store.db().execute(…);
//   }
#pragma once
#include <filesystem>
#include <memory>
#include <string>

#include "core/store/database.h"
#include "tests/support/catch.h"

namespace authctl::test {

// For GENERATE: SQLite, and PostgreSQL where it is configured (where not, that is said once, aloud).
Catch::Generators::GeneratorWrapper<store::Engine> each_engine();
std::string word_of(store::Engine engine);

// A folder of its own, 0700, gone afterwards.
class Folder {
 public:
  Folder();
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  ~Folder();
  const std::filesystem::path& path() const { return path_; }
  std::string file(const std::string& name) const { return (path_ / name).string(); }

 private:
  std::filesystem::path path_;
};

// A place for a store: nothing is there until somebody makes it.
class Place {
 public:
  explicit Place(store::Engine engine);
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;
  ~Place();
  const std::string& url() const { return url_; }
  store::Engine engine() const { return engine_; }
  const Folder& folder() const { return folder_; }
  std::string sqlite_path() const { return folder_.file("authctl.db"); }

 private:
  store::Engine engine_;
  Folder folder_;
  std::string schema_, url_;
};

// A store with its schema and nothing in it.
class Store {
 public:
  explicit Store(store::Engine engine = store::Engine::sqlite);
  store::Database& db() { return *db_; }
  const std::string& url() const { return place_.url(); }
  const Place& place() const { return place_; }
  // One more connection to it.
  std::unique_ptr<store::Database> connect() const;
  std::unique_ptr<store::Database> release() { return std::move(db_); }

 private:
  Place place_;
  std::unique_ptr<store::Database> db_;
};

// Takes back the migrations after `version`, with what stands in their tables: the store of an older program.
void make_older(store::Database& db, int version);

// The first column of the first row.
std::int64_t number(store::Database& db, std::string_view sql, store::Values values = {});

// Refuses a plan that reads a whole table, or sorts what an index could give in order. SQLite only.
void check_no_scan(store::Database& db, const std::string& sql);

}  // namespace authctl::test
