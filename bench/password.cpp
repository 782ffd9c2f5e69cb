// P17: Argon2id here against libsodium's own call, and two workers against one. Medians of interleaved runs.
#include <sodium.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <thread>
#include <vector>

#include "core/crypto/password.h"

namespace {

using Milliseconds = std::chrono::duration<double, std::milli>;
constexpr int rounds = 15, hashes_a_worker = 8;

template <class Work>
double time_of(Work work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  return Milliseconds(std::chrono::steady_clock::now() - start).count();
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

bool row(const char* name, double value, const char* comparison, double goal, bool met) {
  std::printf("%-48s %8.3f   goal %s %.2f   %s\n", name, value, comparison, goal, met ? "met" : "MISSED");
  return met;
}

}  // namespace

int main() {
  using namespace authctl;
  if (sodium_init() < 0) return 1;
  base::SystemRandom random;
  const base::Secret password(std::string_view("violin quartz marble"));
  const crypto::Argon2Cost cost;
  const auto ours = [&] { crypto::hash_password(password, cost, random); };
  const auto raw = [&] {
    std::array<char, crypto_pwhash_STRBYTES> text{};
    const auto bytes = password.reveal_text();
    if (crypto_pwhash_str(text.data(), bytes.data(), bytes.size(), cost.passes,
                          std::size_t{cost.memory_kib} * 1024) != 0)
      std::abort();
  };
  ours();
  raw();
  std::vector<double> ours_ms, raw_ms, one_ms, two_ms;
  for (int i = 0; i < rounds; ++i) {
    ours_ms.push_back(time_of(ours));
    raw_ms.push_back(time_of(raw));
  }
  const auto worker = [&] {
    base::SystemRandom own;
    for (int i = 0; i < hashes_a_worker; ++i) crypto::hash_password(password, cost, own);
  };
  for (int i = 0; i < 3; ++i) {
    one_ms.push_back(time_of(worker));
    two_ms.push_back(time_of([&] {
      std::thread other(worker);
      worker();
      other.join();
    }));
  }
  std::printf("Argon2id %u KiB, t=%u: %.1f ms here, %.1f ms by libsodium\n", cost.memory_kib, cost.passes,
              median(ours_ms), median(raw_ms));
  const double ratio = median(ours_ms) / median(raw_ms), gain = 2 * median(one_ms) / median(two_ms);
  const bool first = row("P17 Argon2id / libsodium's time", ratio, "<=", 1.05, ratio <= 1.05);
  const bool second = row("P17 two workers / one, hashes a second", gain, ">=", 1.75, gain >= 1.75);
  return first && second ? 0 : 1;
}
