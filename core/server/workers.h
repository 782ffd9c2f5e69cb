// Threads for what needs the store: each with a Realm of its own, started when there is more to do than
// threads. Invariant: the queue is bounded; what does not fit is refused at once. A realm is used by its
// thread alone, but for `common`, whose change() all of them share, so that their changes are committed
// together.
#pragma once
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

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
  };
  // `realm` opens the store again, without asking for the master key again.
  Workers(Site& site, RealmMaker realm, const Limits& limits);
  Workers(const Workers&) = delete;
  Workers& operator=(const Workers&) = delete;
  ~Workers();

  // The job gets a realm, or why there is none. False: the queue is full.
  using Job = std::function<void(service::Realm* realm, const std::exception_ptr& failure)>;
  bool submit(Job job);
  service::Realm& common() { return *common_; }
  // For changes of the common realm only.
  service::ActiveSigner& signer() { return signer_; }

 private:
  void serve();

  Site& site_;
  RealmMaker make_realm_;
  Limits limits_;
  std::unique_ptr<service::Realm> common_;
  service::ActiveSigner signer_;
  std::mutex mutex_;
  std::condition_variable arrived_;
  std::deque<Job> waiting_;
  unsigned idle_ = 0;
  bool closed_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace authctl::server
