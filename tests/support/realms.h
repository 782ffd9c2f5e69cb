// A fresh realm for each service test: a store on the given engine, a clock that stands still, random bytes
// that are the same in every run, and a store that fails when it is told to.
//
//   TEST_CASE("a role can be created") {
//     test::TestRealm test(GENERATE(test::each_engine()));
//     service::create_role(test.realm(), test.cause(), …);
//     test.clock().advance(1h);
//   }
#pragma once
#include <atomic>
#include <functional>
#include <memory>

#include "core/service/realm.h"
#include "tests/support/stores.h"

namespace authctl::test {

// The same bytes in every run.
class SeededRandom final : public base::Random {
 public:
  explicit SeededRandom(std::uint64_t seed = 1) : state_(seed) {}
  void fill(std::span<std::uint8_t> out) override;

 private:
  std::atomic<std::uint64_t> state_;  // threads of a test may share it
};

// Counts every call that reaches the store, and fails at the one it was told to, before it does anything.
class FailingDatabase final : public store::Database {
 public:
  explicit FailingDatabase(std::unique_ptr<store::Database> inner) : inner_(std::move(inner)) {}
  // The n-th call from now on fails with Error unavailable, and all after it but rollback(); 0: none does.
  void fail_at(std::int64_t n) { fail_at_ = n, calls_ = 0; }
  std::int64_t calls() const { return calls_; }

  using Database::execute;
  using Database::query;
  store::Engine engine() const override { return inner_->engine(); }
  std::unique_ptr<store::Rows> query(std::string_view sql, std::span<const store::Value> values) override;
  std::int64_t execute(std::string_view sql, std::span<const store::Value> values) override;
  void run_script(std::string_view sql) override { counted().run_script(sql); }
  void begin() override { counted().begin(); }
  void begin_read() override { counted().begin_read(); }
  void commit() override { counted().commit(); }
  void rollback() noexcept override { inner_->rollback(); }
  void savepoint(std::string_view name) override { counted().savepoint(name); }
  void release(std::string_view name) override { counted().release(name); }
  void rollback_to(std::string_view name) override { counted().rollback_to(name); }

 private:
  store::Database& counted();
  std::unique_ptr<store::Database> inner_;
  std::int64_t fail_at_ = 0, calls_ = 0;
};

// 2026-01-01T00:00:00Z
inline const base::Timestamp new_year = base::from_unix_seconds(1767225600);

class TestRealm {
 public:
  explicit TestRealm(store::Engine engine = store::Engine::sqlite);
  service::Realm& realm() { return *realm_; }
  store::Database& db() { return realm_->db(); }
  base::FixedClock& clock() { return clock_; }
  SeededRandom& random() { return random_; }
  FailingDatabase& failing() { return *failing_; }
  const Store& store() const { return store_; }
  // What an operator at the command line is: actor "os:tester".
  service::Cause cause() const { return {"os:tester", "", "", "", false}; }
  service::Cause dry_run() const { return {"os:tester", "", "", "", true}; }
  // One more realm on the same store, with a connection of its own: another process.
  std::unique_ptr<service::Realm> another() { return over(store_.connect()); }
  // The same over a connection that a test made.
  std::unique_ptr<service::Realm> over(std::unique_ptr<store::Database> db);

 private:
  Store store_;
  base::FixedClock clock_{new_year};
  SeededRandom random_;
  base::Secret key_;
  FailingDatabase* failing_ = nullptr;
  std::unique_ptr<service::Realm> realm_;
};

// The actions in the log, oldest first.
std::vector<std::string> logged_actions(store::Database& db);

// Every row of every table, as one text: what is the same before and after something that must change
// nothing.
std::string dump(store::Database& db);

// Runs `work` again and again, failing at its first, second, … call to the store, and checks each time that
// it ends in Error unavailable and leaves the store as it was; at last without a failure.
void fail_at_every_call(TestRealm& test, const std::function<void()>& work);

}  // namespace authctl::test
