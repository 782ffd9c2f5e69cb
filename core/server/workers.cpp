#include "core/server/workers.h"

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

bool Workers::submit(Job job) {
  {
    const std::lock_guard lock(mutex_);
    if (closed_ || waiting_.size() >= limits_.queue) return false;
    waiting_.push_back(std::move(job));
    if (waiting_.size() > idle_ && threads_.size() < limits_.threads)
      threads_.emplace_back([this] { serve(); });
  }
  arrived_.notify_one();
  return true;
}

// A store that cannot be opened now may be there for the next job.
void Workers::serve() {
  std::unique_ptr<service::Realm> realm;
  std::uint64_t store_keys = 0;
  std::unique_lock lock(mutex_);
  while (true) {
    ++idle_;
    arrived_.wait(lock, [&] { return closed_ || !waiting_.empty(); });
    --idle_;
    if (waiting_.empty()) return;
    Job job = std::move(waiting_.front());
    waiting_.pop_front();
    lock.unlock();
    std::exception_ptr failure;
    try {
      const auto newest = site_.knowledge.store_keys();
      if (realm && store_keys != newest) realm->renew_keys();
      if (!realm) realm = make_realm_();
      store_keys = newest;
    } catch (...) {
      failure = std::current_exception();
    }
    job(realm.get(), failure);
    job = nullptr;
    lock.lock();
  }
}

}  // namespace authctl::server
