// Threads that hash passwords and do nothing else, at a priority so low that a flood of sign-ins slows down
// no other request; and the number of places there are for such requests. Invariant: a request that hashes
// holds a place from before it is begun to its end; where none is free it is refused at once. Memory is
// bounded by (threads + 1) x the memory of one hash: a place itself costs what a request does.
//
//   this server's other requests are     who hashes
//   few                                  `modest` threads (nice +5): their share of a busy machine
//   many (a third of a core)             `idle` threads (SCHED_IDLE): what those requests leave
//   either, nothing finished for long    the floor: one more, of ordinary priority
//
// SCHED_IDLE alone would have a sign-in wait for minutes where other programs keep every core busy. When the
// requests become many, a modest thread that hashes is made idle at once; as it may not become modest again
// (sched(7)) it ends with its hash, and another is started. The two sets together hash no more at once than
// one set has threads. A queue that is merely long does not wake the floor. While it is this server's other
// requests that keep the machine busy it rests between two hashes, so that they lose a twentieth of a core at
// most.
#pragma once
#include <sys/types.h>

#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <list>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

namespace authctl::server {

class HashPool {
 public:
  struct Limits {
    unsigned threads = 0;  // 0: as many as there are cores
    unsigned places = 0;   // requests that hash, waiting ones included; 0: a few seconds' work of the threads
    std::chrono::milliseconds patience{400};
  };
  explicit HashPool(const Limits& limits);
  HashPool(const HashPool&) = delete;
  HashPool& operator=(const HashPool&) = delete;
  ~HashPool();

  // A request's right to hash; given back when it goes.
  class Place {
   public:
    explicit Place(HashPool& pool) : pool_(&pool) {}
    Place(Place&& other) noexcept : pool_(std::exchange(other.pool_, nullptr)) {}
    Place& operator=(Place&& other) noexcept {
      std::swap(pool_, other.pool_);
      return *this;
    }
    ~Place();

   private:
    HashPool* pool_;
  };
  std::optional<Place> try_enter();
  unsigned entered() const;
  unsigned places() const { return limits_.places; }

  // Looks at how much this process does beside hashing; to be called a few times a second.
  void look_at_load();

  // Runs `work` on a thread of the pool and waits for it; throws what it threw. To be called by a request
  // that has a place, on a worker thread.
  void run(const std::function<void()>& work);

 private:
  struct Job {
    const std::function<void()>* work;
    std::chrono::steady_clock::time_point since;
    std::exception_ptr failure;
    bool done = false;
  };
  // A thread of one of the two sets.
  struct Hasher {
    bool idle;
    bool hashing = false, demoted = false, gone = false;
    pid_t id = 0;
    std::thread thread = {};
  };
  void serve(Hasher& self);
  bool is_turn_of(const Hasher& hasher) const;
  void start(bool idle);
  void end();
  void look();
  void demote_modest();
  void replace_gone();
  void serve_floor();
  double seconds_beside_hashing();
  void perform(Job& job, std::unique_lock<std::mutex>& lock);
  void leave();

  Limits limits_;
  mutable std::mutex mutex_;
  std::condition_variable arrived_, finished_;
  std::deque<Job*> waiting_;
  std::chrono::steady_clock::time_point finished_at_{};  // the last of them, but for the floor's
  unsigned entered_ = 0;
  unsigned hashing_ = 0, modestly_ = 0;  // threads of the two sets that do; those of the modest one
  std::size_t missing_ = 0;              // modest threads that could not be had yet
  bool others_many_ = false;             // requests that hash nothing
  bool were_many_ = false;               // at the last look
  bool closed_ = false;
  std::chrono::steady_clock::time_point looked_at_{};
  double beside_ = 0;   // seconds that this process spent on other things, then
  double of_gone_ = 0;  // seconds that threads spent which are gone
  std::list<Hasher> hashers_;
  std::thread floor_;
};

}  // namespace authctl::server
