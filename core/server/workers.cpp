#include "core/server/workers.h"

#include <algorithm>

#include "core/base/thread.h"

namespace authctl::server {

Workers::Workers(Site& site, RealmMaker realm, const Limits& limits)
    : site_(site), make_realm_(std::move(realm)), limits_(limits), common_(make_realm_()) {}

Workers::~Workers() {
  {
    const std::lock_guard lock(mutex_);
    closed_ = true;
  }
  arrived_.notify_all();
  for (auto& thread : threads_) thread.join();
}

std::shared_ptr<service::Realm> Workers::common() {
  const std::lock_guard lock(common_mutex_);
  const std::uint64_t opening = site_.openings;
  if (common_opening_ != opening) common_ = make_realm_();
  common_opening_ = opening;
  return common_;
}

// What could be begun now, if there were threads.
std::size_t Workers::ready() const {
  const std::size_t room = limits_.hashing - std::min(hashing_, limits_.hashing);
  return waiting_.size() + std::min(to_hash_.size(), room);
}

bool Workers::submit(Job job, Cost cost) {
  {
    const std::lock_guard lock(mutex_);
    auto& queue = cost == Cost::hash ? to_hash_ : waiting_;
    if (closed_ || (cost != Cost::hash && queue.size() >= limits_.queue)) return false;
    queue.push_back(std::move(job));
    if (ready() > idle_ && threads_.size() < limits_.threads && !add_thread() && threads_.empty()) {
      queue.pop_back();
      return false;
    }
  }
  arrived_.notify_one();
  return true;
}

// Under the lock. Where the system has no more threads to give, those that there are do the work.
bool Workers::add_thread() {
  try {
    threads_.push_back(base::start_thread([this] { serve(); }));
    return true;
  } catch (const base::Error&) {
    return false;
  }
}

// Those that hash first: their number is bounded, and others would never let them begin.
Workers::Job Workers::take(Cost& cost) {
  cost = may_hash() ? Cost::hash : Cost::light;
  auto& queue = cost == Cost::hash ? to_hash_ : waiting_;
  Job job = std::move(queue.front());
  queue.pop_front();
  if (cost == Cost::hash) ++hashing_;
  return job;
}

// A store that cannot be opened now may be there for the next job.
void Workers::serve() {
  std::unique_ptr<service::Realm> realm;
  std::uint64_t store_keys = 0, opening = 0;
  std::unique_lock lock(mutex_);
  while (true) {
    ++idle_;
    arrived_.wait(lock, [&] { return closed_ || ready() > 0; });
    --idle_;
    if (ready() == 0) return;
    Cost cost = Cost::light;
    Job job = take(cost);
    lock.unlock();
    std::exception_ptr failure;
    try {
      const auto newest = site_.knowledge.store_keys();
      if (const std::uint64_t last = site_.openings; opening != last) {
        realm.reset();
        opening = last;
      }
      if (realm && store_keys != newest) realm->renew_keys();
      if (!realm) realm = make_realm_();
      store_keys = newest;
    } catch (...) {
      failure = std::current_exception();
    }
    job(realm.get(), failure);
    job = nullptr;
    lock.lock();
    if (cost == Cost::hash) {
      --hashing_;
      arrived_.notify_one();  // another may hash now
    }
  }
}

}  // namespace authctl::server
