#include "core/crypto/password_calibration.h"

#include <algorithm>

namespace authctl::crypto {
namespace {

constexpr std::uint32_t mebibyte = 1024;  // in KiB
constexpr Argon2Cost least{19 * mebibyte, 2, 1};
constexpr Argon2Cost probe{64 * mebibyte, 1, 1};
constexpr std::uint32_t passes = 3;                     // RFC 9106 section 4, the second choice
constexpr std::uint32_t most_memory = 1024 * mebibyte;  // then more passes
constexpr int corrections = 4;

// The cost that takes `target` where a pass over a mebibyte takes `unit` milliseconds.
Argon2Cost cost_for(double target, double unit) {
  const double memory = target / (passes * unit);
  if (memory < 19) return least;
  if (memory * mebibyte <= most_memory) return {static_cast<std::uint32_t>(memory) * mebibyte, passes, 1};
  const double more = target / (unit * most_memory / mebibyte);
  return {most_memory,
          static_cast<std::uint32_t>(std::clamp(more, 1.0, double(PasswordCeilings::argon2_passes))), 1};
}

}  // namespace

Calibration calibrate_argon2(std::chrono::milliseconds target,
                             const std::function<std::chrono::milliseconds(const Argon2Cost&)>& measure) {
  const auto unit_of = [](const Argon2Cost& cost, std::chrono::milliseconds took) {
    return std::max(0.001, static_cast<double>(took.count())) /
           (cost.passes * (double(cost.memory_kib) / mebibyte));
  };
  const auto wanted = static_cast<double>(target.count());
  auto cost = cost_for(wanted, unit_of(probe, measure(probe)));
  auto measured = measure(cost);
  // Larger tables are slower for each byte (caches, pages): what was measured there says more.
  for (int i = 0; i < corrections && measured > target && cost != least; ++i) {
    auto next = cost_for(wanted * 0.97, unit_of(cost, measured));
    if (next.memory_kib >= cost.memory_kib && next.passes >= cost.passes)
      next = cost_for(wanted * 0.9, unit_of(cost, measured));
    if (next == cost) break;
    cost = next;
    measured = measure(cost);
  }
  return {cost, measured};
}

}  // namespace authctl::crypto
