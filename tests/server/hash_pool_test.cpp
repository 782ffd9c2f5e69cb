#include "core/server/hash_pool.h"

#include <sched.h>
#include <sys/resource.h>
#include <unistd.h>

#include <atomic>
#include <catch2/catch.hpp>
#include <stdexcept>

namespace authctl::server {
namespace {

constexpr std::chrono::hours for_ever{24};  // the floor takes no part

// How the thread that hashes is scheduled.
int policy_in(HashPool& pool) {
  int policy = -1;
  pool.run([&] { policy = ::sched_getscheduler(0); });
  return policy;
}

class Spinners {
 public:
  explicit Spinners(unsigned count) {
    for (unsigned i = 0; i < count; ++i)
      threads_.emplace_back([this] {
        while (!ended_) continue;
      });
  }
  ~Spinners() {
    ended_ = true;
    for (auto& thread : threads_) thread.join();
  }

 private:
  std::atomic<bool> ended_{false};
  std::vector<std::thread> threads_;
};

// A look each 100 ms, as the server takes them, until a hash is done under that policy: however long that is
// on this machine.
bool comes_to(HashPool& pool, int policy) {
  for (int i = 0; i < 300; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    pool.look_at_load();
    if (policy_in(pool) == policy) return true;
  }
  return false;
}

TEST_CASE(
    "hashing takes what other requests leave where they are many, and a modest share where they are few") {
  HashPool pool({.threads = 2, .places = 8, .patience = for_ever});
  CHECK(comes_to(pool, SCHED_OTHER));
  int nice = 0;
  pool.run([&] { nice = ::getpriority(PRIO_PROCESS, static_cast<id_t>(::gettid())); });
  CHECK(nice > ::getpriority(PRIO_PROCESS, static_cast<id_t>(::getpid())));
  {
    const Spinners requests(2);
    CHECK(comes_to(pool, SCHED_IDLE));
  }
  CHECK(comes_to(pool, SCHED_OTHER));
}

TEST_CASE("a hash that was begun modestly is made idle when the requests become many") {
  HashPool pool({.threads = 1, .places = 8, .patience = for_ever});
  for (int round = 0; round < 3; ++round) {
    REQUIRE(comes_to(pool, SCHED_OTHER));  // the second time: by a thread in the place of the first
    std::atomic<bool> begun{false}, made_idle{false}, ended{false};
    std::thread request([&] {
      pool.run([&] {
        begun = true;
        while (!ended && !made_idle) {
          std::this_thread::sleep_for(std::chrono::milliseconds(5));
          made_idle = ::sched_getscheduler(0) == SCHED_IDLE;
        }
      });
    });
    while (!begun) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    {
      const Spinners requests(2);
      for (int i = 0; i < 300 && !made_idle; ++i) {
        std::this_thread::sleep_for(std::chrono::milliseconds(100));
        pool.look_at_load();
      }
    }
    ended = true;
    request.join();
    CHECK(begun);
    CHECK(made_idle);
  }
  CHECK(comes_to(pool, SCHED_OTHER));
}

TEST_CASE(
    "what was begun under one load ends under the other, each job once, never more at once than threads and "
    "the floor") {
  HashPool pool({.threads = 2, .places = 64, .patience = std::chrono::milliseconds(1)});
  std::atomic<int> now{0}, most{0}, done{0};
  std::atomic<bool> ended{false};
  std::thread looker([&] {
    while (!ended) pool.look_at_load();
  });
  std::vector<std::thread> requests;
  for (int i = 0; i < 16; ++i)
    requests.emplace_back([&] {
      for (int j = 0; j < 20; ++j)
        pool.run([&] {
          const int seen = ++now;
          for (int before = most; before < seen && !most.compare_exchange_weak(before, seen);) continue;
          std::this_thread::sleep_for(std::chrono::milliseconds(2));
          --now;
          ++done;
        });
    });
  for (auto& request : requests) request.join();
  ended = true;
  looker.join();
  CHECK(done == 320);
  CHECK(most <= 3);
}

TEST_CASE("places are given while there are any, and what a job throws is thrown to whoever waits for it") {
  HashPool pool({.threads = 1, .places = 2, .patience = for_ever});
  {
    const auto one = pool.try_enter(), two = pool.try_enter();
    CHECK(one.has_value());
    CHECK(two.has_value());
    CHECK_FALSE(pool.try_enter().has_value());
    CHECK(pool.entered() == 2);
  }
  CHECK(pool.entered() == 0);
  CHECK_THROWS_AS(pool.run([] { throw std::runtime_error("no"); }), std::runtime_error);
  int done = 0;
  pool.run([&] { ++done; });
  CHECK(done == 1);
}

}  // namespace
}  // namespace authctl::server
