// Group commit: concurrent changes of one realm queue up, and whoever comes first runs all that wait in one
// transaction, a savepoint each, with one signed head and one fsync for the lot.
// Invariant: a caller is answered after the common commit is on disk, and only the leader touches the
// connection.
//
//   caller ──► alone? ──yes──► leads: leaves others their turn, drains the queue, and again while more come,
//                │             commits, answers, hands the lead to the next that waits
//                └────no─────► waits until it is answered or becomes the leader
#pragma once
#include <chrono>
#include <condition_variable>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "core/base/clock.h"
#include "core/service/change.h"

namespace authctl::service {

class CommitQueue {
 public:
  CommitQueue() { batch_.reserve(max_batch); }
  // Runs one change, alone or with others. Throws what its work threw, or why the common commit failed.
  void run(Realm& realm, const Cause& cause, const std::function<void(Change&)>& work);
  // Off: each change has a transaction of its own (a bench compares both).
  void set_grouping(bool on) { grouping_ = on; }
  // How long a batch is open for those who come while it is at work (5 ms).
  void set_joining(std::chrono::milliseconds longest) { joining_ = longest; }

  static constexpr std::size_t max_batch = 256;
  static constexpr std::chrono::milliseconds longest_joining{5};
  // SQLite: of batches without a pause between them; then the place is left alone for a moment in which
  // another process that waits asks for it twice (every 3 ms).
  static constexpr std::chrono::milliseconds longest_hold{60}, pause{6};

 private:
  struct Member {
    enum class State { waiting, leading, done };
    Member(const Cause& why, const std::function<void(Change&)>& what) : cause(why), work(what) {}
    const Cause& cause;
    const std::function<void(Change&)>& work;
    State state = State::waiting;
    std::exception_ptr failure;
    std::condition_variable changed;
  };

  void leave_place(Realm& realm, std::unique_lock<std::mutex>& lock);
  void take_waiting();
  void lead(Realm& realm);
  void answer();
  static void run_beside_others(Realm& realm, Member& member);

  std::mutex mutex_;
  std::vector<Member*> waiting_;
  std::vector<Member*> batch_;  // the leader's; it never grows past its room, so that taking from the queue
                                // cannot fail
  std::chrono::steady_clock::time_point held_since_;  // the writer's place, by one batch after another
  std::chrono::steady_clock::time_point left_at_;
  bool busy_ = false;
  std::thread::id leader_;
  bool grouping_ = true;
  std::chrono::milliseconds joining_ = longest_joining;
};

}  // namespace authctl::service
