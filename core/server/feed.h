// The thread that looks whether the store has changed, many times a second, and brings Knowledge up to date.
// Invariant: a change that was committed by whatever process holds here a look later, well within the 100 ms
// of the contract; what it does not know how to take apart makes it read everything again.
#pragma once
#include <condition_variable>
#include <mutex>
#include <thread>

#include "core/server/event_log.h"
#include "core/server/knowledge.h"
#include "core/server/workers.h"

namespace authctl::server {

class Feed {
 public:
  // Reads everything once; throws what the store throws. Looking begins with start().
  Feed(Site& site, RealmMaker realm);
  Feed(const Feed&) = delete;
  Feed& operator=(const Feed&) = delete;
  ~Feed();
  void start();
  // Stops looking, and writes what is left to be written.
  void finish();

 private:
  void run();
  void look();
  void read_all();
  void read_keys(base::Timestamp now);
  void read_revocations(base::Timestamp since, base::Timestamp now);
  void take(const store::FeedEntry& entry, base::Timestamp now);
  void write_readers();
  void sum_up_refusals(std::chrono::steady_clock::time_point now);
  void try_to_write(std::chrono::steady_clock::time_point now);
  void look_at_clock(base::Timestamp now);
  void stop();

  Site& site_;
  Knowledge& knowledge_;
  EventLog& log_;
  Metrics& metrics_;
  RealmMaker make_realm_;
  std::unique_ptr<service::Realm> realm_;
  std::int64_t seen_ = 0;  // the last entry that was taken
  std::uint32_t set_backs_ = 0;
  bool keys_changed_ = false, revocations_changed_ = false;
  bool failed_ = false;
  bool waits_for_clock_ = false;
  std::chrono::steady_clock::time_point cleaned_{}, tried_{}, noted_{}, summed_{};
  std::mutex mutex_;
  std::condition_variable stopped_;
  bool closed_ = false;
  std::thread thread_;
};

}  // namespace authctl::server
