#include "core/server/hash_pool.h"

#include <sched.h>
#include <sys/resource.h>

#include <algorithm>
#include <utility>

namespace authctl::server {
namespace {

// At the default cost a hash takes 70 to 100 ms: three seconds for whoever comes last.
constexpr unsigned places_of_a_thread = 32;
constexpr unsigned least_places = 64;

double seconds_of(int whose) {
  rusage used{};
  ::getrusage(whose, &used);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(used.ru_utime) + seconds(used.ru_stime);
}

// Of the thread that asks: how long it has to rest after a hash.
class Courtesy {
 public:
  using Clock = std::chrono::steady_clock;

  void begin() { hashed_ = seconds_of(RUSAGE_THREAD); }
  Clock::duration end() {
    const double spent = seconds_of(RUSAGE_THREAD) - hashed_;
    const auto now = Clock::now();
    const double others = seconds_of(RUSAGE_SELF) - seconds_of(RUSAGE_THREAD);
    const double lasted = std::chrono::duration<double>(now - looked_at_).count();
    const bool is_busy = others - others_ > busy * lasted;
    looked_at_ = now;
    others_ = others;
    return std::chrono::duration_cast<Clock::duration>(
        std::chrono::duration<double>(is_busy ? rest * spent : 0));
  }

 private:
  static constexpr double busy = 0.5;  // of a core, for what is no hash
  static constexpr double rest = 19;
  double hashed_ = 0, others_ = 0;
  Clock::time_point looked_at_{};
};

}  // namespace

HashPool::HashPool(const Limits& limits) : limits_(limits) {
  if (limits_.threads == 0) limits_.threads = std::max(1U, std::thread::hardware_concurrency());
  if (limits_.places == 0) limits_.places = std::max(least_places, places_of_a_thread * limits_.threads);
  for (unsigned i = 0; i < limits_.threads; ++i) threads_.emplace_back([this] { serve_idle(); });
  threads_.emplace_back([this] { serve_floor(); });
}

HashPool::~HashPool() {
  {
    const std::lock_guard lock(mutex_);
    closed_ = true;
  }
  arrived_.notify_all();
  for (auto& thread : threads_) thread.join();
}

HashPool::Place::~Place() {
  if (pool_ != nullptr) pool_->leave();
}

std::optional<HashPool::Place> HashPool::try_enter() {
  const std::lock_guard lock(mutex_);
  if (entered_ >= limits_.places) return std::nullopt;
  ++entered_;
  return Place(*this);
}

unsigned HashPool::entered() const {
  const std::lock_guard lock(mutex_);
  return entered_;
}

void HashPool::leave() {
  const std::lock_guard lock(mutex_);
  --entered_;
}

void HashPool::run(const std::function<void()>& work) {
  Job job{&work, std::chrono::steady_clock::now(), {}, false};
  std::unique_lock lock(mutex_);
  waiting_.push_back(&job);
  arrived_.notify_all();
  finished_.wait(lock, [&] { return job.done; });
  lock.unlock();
  if (job.failure) std::rethrow_exception(job.failure);
}

// Under the lock, which is let go while the work is done.
void HashPool::perform(Job& job, std::unique_lock<std::mutex>& lock) {
  lock.unlock();
  std::exception_ptr failure;
  try {
    (*job.work)();
  } catch (...) {
    failure = std::current_exception();
  }
  lock.lock();
  job.failure = failure;
  job.done = true;
  finished_.notify_all();
}

void HashPool::serve_idle() {
  const sched_param none{};
  // Where the system refuses, hashing goes on at ordinary priority.
  static_cast<void>(::sched_setscheduler(0, SCHED_IDLE, &none));
  std::unique_lock lock(mutex_);
  while (true) {
    arrived_.wait(lock, [&] { return closed_ || !waiting_.empty(); });
    if (waiting_.empty()) return;
    Job& job = *waiting_.front();
    waiting_.pop_front();
    perform(job, lock);
    finished_at_ = std::chrono::steady_clock::now();
  }
}

void HashPool::serve_floor() {
  Courtesy courtesy;
  std::chrono::steady_clock::time_point rested_at{};
  std::unique_lock lock(mutex_);
  while (!closed_) {
    if (waiting_.empty()) {
      arrived_.wait(lock);
      continue;
    }
    const auto starved_at = std::max(waiting_.front()->since, finished_at_) + limits_.patience;
    const auto due = std::max(starved_at, rested_at);
    if (std::chrono::steady_clock::now() < due) {
      arrived_.wait_until(lock, due);
      continue;
    }
    Job& job = *waiting_.front();
    waiting_.pop_front();
    courtesy.begin();
    perform(job, lock);
    rested_at = std::chrono::steady_clock::now() + courtesy.end();
  }
}

}  // namespace authctl::server
