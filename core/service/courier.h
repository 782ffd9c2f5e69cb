// Messages that leave for a program of the operator's: reset mails and alerts, as one JSON object on its
// standard input. The program is run without a shell, by a thread of the courier, one after another.
// Invariants: nobody who sends waits for the program; what is queued is bounded; a program that does not end
// is killed; what it printed goes nowhere. A message may hold a secret and is wiped.
#pragma once
#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

#include "core/base/secret.h"

namespace authctl::service {

class Courier {
 public:
  // Told of a program that could not be run or did not exit with 0: which, and why. On the courier's thread.
  using OnFailure = std::function<void(const std::string& command, const std::string& why)>;
  explicit Courier(OnFailure on_failure = {}) : on_failure_(std::move(on_failure)) {}
  Courier(const Courier&) = delete;
  Courier& operator=(const Courier&) = delete;
  // Waits until what was sent has been handed over, a few seconds at most.
  ~Courier();

  // `command`: a program and its arguments. False: too many are waiting.
  bool send(const std::string& command, std::string message);

 private:
  struct Letter {
    std::string command;
    base::Secret message;
  };
  void run();

  OnFailure on_failure_;
  std::mutex mutex_;
  std::condition_variable arrived_;
  std::deque<Letter> waiting_;
  bool closed_ = false;
  std::chrono::steady_clock::time_point closed_at_;
  std::thread thread_;
};

}  // namespace authctl::service
