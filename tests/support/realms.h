// A whole realm for a service test: a fresh store with a log, a sealing key, a clock that stands still.
//
//   TEST_CASE("…") {
//     test::TestRealm test(GENERATE(test::each_engine()));
//     service::create_role(test.realm(), test.cause(), …);
//   }
#pragma once
#include "core/base/clock.h"
#include "core/base/random.h"
#include "core/service/realm.h"
#include "tests/support/stores.h"

namespace authctl::test {

class TestRealm {
 public:
  explicit TestRealm(store::Engine engine = store::Engine::sqlite);
  service::Realm& realm() { return *realm_; }
  store::Database& db() { return realm_->db(); }
  base::FixedClock& clock() { return clock_; }
  const Store& store() const { return store_; }
  // What an operator at the command line is: actor "os:tester".
  service::Cause cause() const;
  // One more realm on the same store, with a connection of its own: another process.
  std::unique_ptr<service::Realm> another();
  // The same over a connection that a test made.
  std::unique_ptr<service::Realm> over(std::unique_ptr<store::Database> db);

 private:
  Store store_;
  base::FixedClock clock_;
  base::SystemRandom random_;
  base::Secret key_;
  std::unique_ptr<service::Realm> realm_;
};

// The actions in the log, oldest first.
std::vector<std::string> logged_actions(store::Database& db);

}  // namespace authctl::test
