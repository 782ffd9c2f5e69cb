#include "core/crypto/password_padding.h"

#include "core/crypto/password_calibration.h"
#include "core/crypto/password_weakness.h"
#include "tests/support/catch.h"

using namespace authctl;
using namespace std::chrono_literals;
using crypto::Argon2Cost;
using crypto::Effort;

namespace {

// A machine whose caches make small tables quicker, as real ones do.
struct Machine {
  Effort spent{0};
  double caching = 0.3;

  Effort price(const Argon2Cost& cost) const {
    const double kib = cost.memory_kib * static_cast<double>(cost.passes);
    return Effort(static_cast<std::int64_t>(kib * 600 * (cost.memory_kib < 8192 ? 1 - caching : 1.0)));
  }
};

}  // namespace

TEST_CASE("what a cheaper hash leaves of the time of one of ours is filled, to a four-hundredth") {
  const Argon2Cost cost{65536, 3, 1};
  for (const double caching : {0.0, 0.3, 0.6}) {
    for (const auto foreign : {0ms, 1ms, 5ms, 40ms, 80ms, 100ms, 110ms, 116ms}) {
      Machine machine{foreign, caching};
      const auto whole = machine.price(cost);
      crypto::pad_effort(
          cost, whole, [&] { return machine.spent; },
          [&](const Argon2Cost& one) { machine.spent += machine.price(one); });
      INFO(foreign.count() << " ms, " << caching);
      CHECK(machine.spent <= whole);
      CHECK(machine.spent * 400 > whole * 399);
    }
  }
}

TEST_CASE("a hash that took longer than one of ours is followed by none") {
  const Argon2Cost cost{65536, 3, 1};
  Machine machine{500ms};
  crypto::pad_effort(
      cost, machine.price(cost), [&] { return machine.spent; },
      [&](const Argon2Cost&) { FAIL("there is nothing to fill"); });
}

TEST_CASE("the pace of hashes is the median of the last ones, and is of one cost") {
  const Argon2Cost cost{65536, 3, 1}, other{19456, 2, 1};
  crypto::HashPace pace;
  CHECK_FALSE(pace.of(cost));
  for (const auto seen : {10ms, 900ms, 11ms}) pace.saw(cost, seen);
  CHECK(pace.of(cost) == 11ms);
  CHECK_FALSE(pace.of(other));
  for (int i = 0; i < 15; ++i) pace.saw(cost, 20ms);
  CHECK(pace.of(cost) == 20ms);  // what it was before is forgotten
  pace.saw(other, 3ms);
  CHECK(pace.of(other) == 3ms);
  CHECK_FALSE(pace.of(cost));
}

TEST_CASE("a calibration never proposes less than is safe, however slow the machine or short the time") {
  for (const double unit : {0.0001, 0.01, 0.3, 1.0, 30.0, 2000.0}) {
    for (const auto target : {1ms, 20ms, 250ms, 1000ms, 60000ms}) {
      const auto found = crypto::calibrate_argon2(target, [&](const Argon2Cost& cost) {
        return std::chrono::milliseconds(
            static_cast<std::int64_t>(unit * cost.passes * cost.memory_kib / 1024));
      });
      INFO(unit << " " << target.count() << ": " << found.cost.memory_kib << " " << found.cost.passes);
      CHECK(crypto::is_safe_cost(found.cost));
      CHECK(found.cost.memory_kib <= crypto::PasswordCeilings::argon2_memory_kib);
      CHECK(found.cost.passes <= crypto::PasswordCeilings::argon2_passes);
      CHECK(found.cost.lanes == 1);
    }
  }
}

TEST_CASE("what is safe for new hashes begins at 19 MiB with two passes, or 46 MiB with one") {
  CHECK(crypto::is_safe_cost({19456, 2, 1}));
  CHECK(crypto::is_safe_cost({47104, 1, 1}));
  CHECK(crypto::is_safe_cost({}));
  for (const Argon2Cost& cost : {Argon2Cost{19455, 2, 1}, {19456, 1, 1}, {47103, 1, 1}, {8192, 16, 1}})
    CHECK_FALSE(crypto::is_safe_cost(cost));
}
