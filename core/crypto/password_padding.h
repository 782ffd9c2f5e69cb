// So that a stranger cannot tell by the time which accounts came from another system: a hash of theirs that
// costs less than one of ours is followed by as much of Argon2 as is missing. Invariant: what has been spent
// is never more than `whole` because of the padding, and comes within a four-hundredth of it.
#pragma once
#include <array>
#include <chrono>
#include <functional>
#include <mutex>
#include <optional>

#include "core/crypto/password.h"

namespace authctl::crypto {

using Effort = std::chrono::nanoseconds;  // of the processor, for one thread

// What one hash of a cost takes on this machine: the median of the last few, so that a slow moment is
// forgotten soon. Safe to use from many threads.
class HashPace {
 public:
  void saw(const Argon2Cost& cost, Effort effort);
  std::optional<Effort> of(const Argon2Cost& cost) const;

 private:
  mutable std::mutex mutex_;
  Argon2Cost cost_{};
  std::array<Effort, 15> seen_{};
  std::size_t count_ = 0;  // all that were seen
};

// `spent` tells what has been spent so far, `work` does one hash of a cost.
void pad_effort(const Argon2Cost& cost, Effort whole, const std::function<Effort()>& spent,
                const std::function<void(const Argon2Cost&)>& work);

// Processor time of the calling thread.
Effort thread_effort();

}  // namespace authctl::crypto
