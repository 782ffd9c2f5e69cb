#include "core/crypto/password_padding.h"

#include <algorithm>
#include <ctime>

namespace authctl::crypto {
namespace {

constexpr std::uint32_t least_memory = 64;  // KiB; less is not worth its allocation
constexpr int most_steps = 12;
constexpr int near_enough = 400;  // a rest of one part in so many is within what hashes differ by anyway

// Smaller tables are quicker for each byte, since caches hold them, so a step falls short rather than long.
constexpr double aimed_at = 0.97;

}  // namespace

void HashPace::saw(const Argon2Cost& cost, Effort effort) {
  const std::lock_guard lock(mutex_);
  if (cost != cost_) cost_ = cost, count_ = 0;
  seen_[count_++ % seen_.size()] = effort;
}

std::optional<Effort> HashPace::of(const Argon2Cost& cost) const {
  const std::lock_guard lock(mutex_);
  if (cost != cost_ || count_ == 0) return std::nullopt;
  auto seen = seen_;
  const auto end = seen.begin() + static_cast<std::ptrdiff_t>(std::min(count_, seen.size()));
  const auto middle = seen.begin() + (end - seen.begin()) / 2;
  std::nth_element(seen.begin(), middle, end);
  return *middle;
}

void pad_effort(const Argon2Cost& cost, Effort whole, const std::function<Effort()>& spent,
                const std::function<void(const Argon2Cost&)>& work) {
  for (int i = 0; i < most_steps; ++i) {
    const auto rest = whole - spent();
    if (rest * near_enough < whole) return;
    const double share = static_cast<double>(rest.count()) / static_cast<double>(whole.count());
    const auto memory = static_cast<std::uint32_t>(cost.memory_kib * share * aimed_at);
    work({std::max(least_memory, memory), cost.passes, 1});
  }
}

Effort thread_effort() {
  timespec time{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

}  // namespace authctl::crypto
