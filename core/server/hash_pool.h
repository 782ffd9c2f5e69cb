// Threads that hash passwords and do nothing else, at the lowest priority there is, so that a flood of
// sign-ins slows down no other request; and the number of places there are for such requests. Invariant: a
// request that hashes holds a place from before it is begun to its end; where none is free it is refused at
// once. Memory is bounded by threads x the memory of one hash: a place itself costs what a request does.
//
// SCHED_IDLE alone could starve sign-ins on a busy machine: where those threads have finished nothing for as
// long as the patience is, one more, of ordinary priority, takes over (the floor). A queue that is merely
// long does not wake it. While it is this server's other requests that keep the machine busy it rests between
// two hashes, so that they lose a twentieth of a core at most.
#pragma once
#include <condition_variable>
#include <deque>
#include <functional>
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
  void serve_idle();
  void serve_floor();
  void perform(Job& job, std::unique_lock<std::mutex>& lock);
  void leave();

  Limits limits_;
  mutable std::mutex mutex_;
  std::condition_variable arrived_, finished_;
  std::deque<Job*> waiting_;
  std::chrono::steady_clock::time_point finished_at_{};  // the last of them by a thread of low priority
  unsigned entered_ = 0;
  bool closed_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace authctl::server
