#include "core/server/hash_pool.h"

#include <sched.h>
#include <sys/resource.h>

#include <algorithm>
#include <utility>

#include "core/base/thread.h"

namespace authctl::server {
namespace {

// At the default cost a hash takes 70 to 100 ms: three seconds for whoever comes last.
constexpr unsigned places_of_a_thread = 32;
constexpr unsigned least_places = 64;
constexpr int modesty = 5;    // added to the nice value: a third of an ordinary thread's share
constexpr double many = 0.3;  // of a core, for what is no hash
constexpr std::chrono::milliseconds between_looks{20};

double seconds_of_clock(clockid_t clock) {
  timespec time{};
  ::clock_gettime(clock, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
}

double seconds_of_thread(std::thread& thread) {
  clockid_t clock{};
  return ::pthread_getcpuclockid(thread.native_handle(), &clock) == 0 ? seconds_of_clock(clock) : 0;
}

// Of this thread. Where the system refuses, hashing goes on at ordinary priority.
void lower_priority(bool idle) {
  const sched_param none{};
  if (idle) return static_cast<void>(::sched_setscheduler(0, SCHED_IDLE, &none));
  const auto self = static_cast<id_t>(::gettid());
  ::setpriority(PRIO_PROCESS, self, std::min(19, ::getpriority(PRIO_PROCESS, self) + modesty));
}

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
  try {
    const std::lock_guard lock(mutex_);
    for (unsigned i = 0; i < limits_.threads; ++i) {
      start(true);
      start(false);
    }
    floor_ = base::start_thread([this] { serve_floor(); });
  } catch (...) {
    end();
    throw;
  }
}

HashPool::~HashPool() { end(); }

void HashPool::end() {
  {
    const std::lock_guard lock(mutex_);
    closed_ = true;
  }
  arrived_.notify_all();
  for (auto& hasher : hashers_) hasher.thread.join();
  if (floor_.joinable()) floor_.join();
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

// Under the lock, by a thread of ordinary priority, as the new one begins with that. Throws where no thread
// can be had.
void HashPool::start(bool idle) {
  auto& hasher = hashers_.emplace_back(Hasher{.idle = idle});
  try {
    hasher.thread = base::start_thread([this, &hasher] { serve(hasher); });
  } catch (...) {
    hashers_.pop_back();
    throw;
  }
}

double HashPool::seconds_beside_hashing() {
  double seconds = seconds_of_clock(CLOCK_PROCESS_CPUTIME_ID) - of_gone_ - seconds_of_thread(floor_);
  for (auto& hasher : hashers_)
    if (!hasher.gone) seconds -= seconds_of_thread(hasher.thread);
  return seconds;
}

void HashPool::look_at_load() {
  const std::lock_guard lock(mutex_);
  look();
}

// Many are those that were many twice in a row: what a burst of sign-ins costs beside its hashes is not.
void HashPool::look() {
  const auto now = std::chrono::steady_clock::now();
  if (closed_ || now - looked_at_ < between_looks) return;
  replace_gone();
  const double beside = seconds_beside_hashing();
  const double lasted = std::chrono::duration<double>(now - std::exchange(looked_at_, now)).count();
  const bool are_many = beside - std::exchange(beside_, beside) > many * lasted;
  const bool both = std::exchange(were_many_, are_many) && are_many;
  if (std::exchange(others_many_, both) == both) return;
  if (both) demote_modest();
  arrived_.notify_all();
}

void HashPool::demote_modest() {
  const sched_param none{};
  for (auto& hasher : hashers_)
    if (hasher.hashing && !hasher.idle && !hasher.demoted)
      hasher.demoted = ::sched_setscheduler(hasher.id, SCHED_IDLE, &none) == 0;
}

// What is gone touches nothing of the pool any more. To wait for its end could take long: it is idle. Where
// no other thread can be had now, the next look tries again; until then the idle ones and the floor hash.
void HashPool::replace_gone() {
  for (auto& hasher : hashers_)
    if (hasher.gone) hasher.thread.detach();
  missing_ += hashers_.remove_if([](const auto& one) { return one.gone; });
  try {
    for (; missing_ > 0; --missing_) start(false);
  } catch (const base::Error&) {
    arrived_.notify_all();  // it may be the idle ones' turn
  }
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

bool HashPool::is_turn_of(const Hasher& hasher) const {
  const bool idle_ones_hash = others_many_ || missing_ == limits_.threads;
  return !waiting_.empty() && hashing_ < limits_.threads && hasher.idle == idle_ones_hash;
}

void HashPool::serve(Hasher& self) {
  lower_priority(self.idle);
  std::unique_lock lock(mutex_);
  self.id = ::gettid();
  while (true) {
    arrived_.wait(lock, [&] { return closed_ || is_turn_of(self); });
    if (!is_turn_of(self)) return;
    Job& job = *waiting_.front();
    waiting_.pop_front();
    self.hashing = true;
    ++hashing_;
    modestly_ += self.idle ? 0 : 1;
    perform(job, lock);
    modestly_ -= self.idle ? 0 : 1;
    --hashing_;
    self.hashing = false;
    finished_at_ = std::chrono::steady_clock::now();
    if (!waiting_.empty()) arrived_.notify_all();  // it may be another's turn
    if (!self.demoted || closed_) continue;
    of_gone_ += seconds_of_clock(CLOCK_THREAD_CPUTIME_ID);
    self.gone = true;
    return;
  }
}

void HashPool::serve_floor() {
  Courtesy courtesy;
  std::chrono::steady_clock::time_point rested_at{};
  std::unique_lock lock(mutex_);
  while (!closed_) {
    look();
    const auto soon = std::chrono::steady_clock::now() + between_looks;
    if (waiting_.empty()) {
      if (modestly_ > 0)
        arrived_.wait_until(lock, soon);
      else
        arrived_.wait(lock);
      continue;
    }
    const auto starved_at = std::max(waiting_.front()->since, finished_at_) + limits_.patience;
    const auto due = std::max(starved_at, rested_at);
    if (std::chrono::steady_clock::now() < due) {
      arrived_.wait_until(lock, std::min(due, soon));
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
