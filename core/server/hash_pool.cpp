#include "core/server/hash_pool.h"

#include <sched.h>

#include <algorithm>
#include <utility>

namespace authctl::server {

HashPool::HashPool(const Limits& limits) : limits_(limits) {
  if (limits_.threads == 0) limits_.threads = std::max(1U, std::thread::hardware_concurrency());
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
  }
}

void HashPool::serve_floor() {
  std::unique_lock lock(mutex_);
  while (!closed_) {
    if (waiting_.empty()) {
      arrived_.wait(lock);
      continue;
    }
    const auto due = waiting_.front()->since + limits_.patience;
    if (std::chrono::steady_clock::now() < due) {
      arrived_.wait_until(lock, due);
      continue;
    }
    Job& job = *waiting_.front();
    waiting_.pop_front();
    perform(job, lock);
  }
}

}  // namespace authctl::server
