// Threads for what needs the store: each with a Realm of its own, started when there is more to do than
// threads. Invariants: the queue is bounded; what does not fit is refused at once. However many requests that
// hash passwords wait, they hold few of the threads. A realm is used by its thread alone, but for `common`,
// whose change() all of them share, so that their changes are committed together. Where the store was lost,
// each is opened anew.
#pragma once
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "core/server/routes.h"
#include "core/server/site.h"
#include "core/service/realm.h"
#include "core/service/tokens.h"

namespace authctl::server {

// What a handler may use on a worker thread.
struct Work {
  Site& site;
  const Config& config;
  service::Realm& realm;   // this thread's own: reads, and changes that stand alone
  service::Realm& common;  // for change() only, nothing else of it: changes of all workers share one commit
  HashPool& hashes;
  base::Timestamp now;
};

using RealmMaker = std::function<std::unique_ptr<service::Realm>()>;

class Workers {
 public:
  struct Limits {
    unsigned threads = 24;
    std::size_t queue = 512;
    unsigned hashing = 8;  // threads that requests which hash may have at once
  };
  // `realm` opens the store again, without asking for the master key again.
  Workers(Site& site, RealmMaker realm, const Limits& limits);
  Workers(const Workers&) = delete;
  Workers& operator=(const Workers&) = delete;
  ~Workers();

  // The job gets a realm, or why there is none. False: the queue is full.
  // One that hashes holds a place of the hash pool, which is the bound of their queue.
  using Job = std::function<void(service::Realm* realm, const std::exception_ptr& failure)>;
  bool submit(Job job, Cost cost);
  // Throws what opening the store throws.
  std::shared_ptr<service::Realm> common();
  // For changes of the common realm only.
  service::ActiveSigner& signer() { return signer_; }

 private:
  void serve();
  bool add_thread();
  bool may_hash() const { return !to_hash_.empty() && hashing_ < limits_.hashing; }
  std::size_t ready() const;
  Job take(Cost& cost);

  Site& site_;
  RealmMaker make_realm_;
  Limits limits_;
  std::mutex common_mutex_;
  std::shared_ptr<service::Realm> common_;
  std::uint64_t common_opening_ = 0;
  service::ActiveSigner signer_;
  std::mutex mutex_;
  std::condition_variable arrived_;
  std::deque<Job> waiting_, to_hash_;
  unsigned idle_ = 0, hashing_ = 0;
  bool closed_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace authctl::server
