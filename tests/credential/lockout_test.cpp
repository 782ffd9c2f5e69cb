#include "core/credential/lockout.h"

#include "core/base/json.h"
#include "tests/support/catch.h"
#include "tests/support/vectors.h"

using namespace authctl;
using namespace std::chrono_literals;
using credential::LockoutPolicy;
using credential::LockoutState;

namespace {

const base::Timestamp start = base::from_unix_seconds(1767225600);

LockoutPolicy policy_of(const base::json::object& config) {
  const auto number = [&](const char* name) { return config.at(name).to_number<std::int64_t>(); };
  return {number("threshold"), base::Duration(number("base_s")), base::Duration(number("cap_s"))};
}

// One step of a scenario: "allow", "deny" or "deny-locked".
std::string attempt(const LockoutPolicy& policy, LockoutState& state, double seconds, bool good) {
  const auto now = start + std::chrono::milliseconds(static_cast<std::int64_t>(seconds * 1000));
  const auto admission = credential::begin_attempt(policy, state, now);
  state = admission.state;
  if (!admission.admitted) return "deny-locked";
  if (!good) return "deny";
  state = credential::after_success();
  return "allow";
}

}  // namespace

TEST_CASE("the delay after each failure is that of the schedule") {
  const auto rows = tests::read_json_file(tests::made_vector("lockout/schedule.json"));
  for (const auto& value : rows.as_array()) {
    const auto& row = value.as_object();
    const auto failures = row.at("failed_attempts").to_number<std::int64_t>();
    INFO(failures);
    CHECK(credential::delay_after(policy_of(row), failures).count() ==
          row.at("delay_s").to_number<std::int64_t>());
  }
}

TEST_CASE("attempts in a row are admitted and refused as the scenarios have it") {
  const auto scenarios = tests::read_json_file(tests::made_vector("lockout/scenarios.json"));
  int played = 0;
  for (const auto& value : scenarios.as_array()) {
    const auto& scenario = value.as_object();
    if (scenario.at("category").as_string() != "basic") continue;  // the others need a whole sign-in
    INFO(scenario.at("name").as_string());
    const auto policy = policy_of(scenario.at("config").as_object());
    LockoutState state;
    for (const auto& step : scenario.at("steps").as_array()) {
      const auto& parts = step.as_array();
      CHECK(attempt(policy, state, parts[0].to_number<double>(), parts[1].as_string() == "good") ==
            parts[2].as_string());
    }
    ++played;
  }
  CHECK(played >= 4);
}

TEST_CASE("of fifty attempts at once three are verified") {
  LockoutState state;
  int verified = 0;
  for (int i = 0; i < 50; ++i) {
    const auto admission = credential::begin_attempt({}, state, start);
    state = admission.state;
    verified += admission.admitted ? 1 : 0;
  }
  CHECK(verified == 3);
}

TEST_CASE("a clock that is set back locks nobody for longer than the delay") {
  LockoutState state{10, start};
  const auto earlier = start - 24h;
  const auto refused = credential::begin_attempt({}, state, earlier);
  CHECK_FALSE(refused.admitted);
  CHECK(refused.locked_until == earlier + 128s);
  state = refused.state;
  CHECK_FALSE(credential::locked_until({}, state, earlier + 128s));
  CHECK(credential::begin_attempt({}, state, earlier + 128s).admitted);
}

TEST_CASE("the longest delay that a setting may name ends with the year 9999") {
  const auto longest = base::parse_duration("2932896d").value();
  const LockoutPolicy patient{1, longest, longest};
  CHECK(base::to_rfc3339(credential::locked_until(patient, {1, start}, start).value()) ==
        "9999-12-31T23:59:59Z");
}

TEST_CASE("nobody gets more than a hundred guesses in a row, however the policy is set") {
  const LockoutPolicy lax{1'000'000, 0s, 0s};
  LockoutState state;
  auto now = start;
  int verified = 0;
  for (int i = 0; i < 500; ++i, now += 24h) {
    const auto admission = credential::begin_attempt(lax, state, now);
    state = admission.state;
    verified += admission.admitted ? 1 : 0;
  }
  CHECK(verified == 100);
  CHECK(base::to_rfc3339(credential::locked_until(lax, state, now).value()) == "9999-12-31T23:59:59Z");
  CHECK(credential::begin_attempt(lax, credential::after_success(), now).admitted);
}
