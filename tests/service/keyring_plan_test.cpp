#include "core/service/keyring_plan.h"

#include <algorithm>
#include <sstream>

#include "core/base/text.h"
#include "tests/support/catch.h"

using namespace authctl;
using namespace authctl::service;
using namespace std::chrono_literals;
using store::KeyState;
using store::KeyUse;

namespace {
const base::Timestamp now = base::from_unix_seconds(1'800'000'000);
const KeyTiming timing{.jwks_max_age = 5min, .access_ttl = 15min};

KeyAndTokens key_in(KeyState state, const std::string& kid, store::LiveTokens live = {}) {
  store::KeyRow key;
  key.kid = kid;
  key.state = state;
  key.sealed = {1};
  key.public_jwk = "{}";
  key.created_at = now - 1h;
  key.published_at = key.created_at;
  return {key, live};
}
}  // namespace

TEST_CASE("a plan publishes at once, waits for the caches, and lets the old key go after its longest token") {
  const std::vector keys{key_in(KeyState::active, "old", {3, now + 2h})};
  const auto plan = make_plan(KeyUse::jwt, keys, timing, now);
  CHECK(plan.publish_at == now);
  CHECK(plan.activate_at == now + timing.jwks_max_age);
  CHECK(plan.retire_at == now + 2h);
  CHECK(plan.next == "authctl key rotate --use jwt --staged");
  REQUIRE(plan.in_use.size() == 1);
  CHECK(plan.in_use[0].live_tokens == 3);
}

TEST_CASE("a token that is signed just before the change lives a whole access_ttl after it") {
  const std::vector keys{key_in(KeyState::active, "old", {1, now + 1min})};
  CHECK(make_plan(KeyUse::jwt, keys, timing, now).retire_at == now + timing.jwks_max_age + timing.access_ttl);
}

TEST_CASE("a plan counts from when the successor was published and obeys its not_before") {
  auto successor = key_in(KeyState::pending, "new");
  successor.row.published_at = now - 1min;
  std::vector keys{key_in(KeyState::active, "old"), successor};
  CHECK(make_plan(KeyUse::jwt, keys, timing, now).activate_at == now + timing.jwks_max_age - 1min);
  keys[1].row.not_before = now + 3h;
  CHECK(make_plan(KeyUse::jwt, keys, timing, now).activate_at == now + 3h);
  keys[1].row.not_before.reset();
  keys[1].row.published_at = now - 1h;
  const auto ripe = make_plan(KeyUse::jwt, keys, timing, now);
  CHECK(ripe.activate_at == now);
  CHECK(ripe.next == "authctl key promote new");
  CHECK(std::count(ripe.safe_now.begin(), ripe.safe_now.end(), "authctl key promote new") == 1);
}

TEST_CASE("what an interlock would refuse is not called safe") {
  auto successor = key_in(KeyState::pending, "new");
  successor.row.published_at = now;
  const std::vector keys{key_in(KeyState::active, "old"), successor,
                         key_in(KeyState::retiring, "busy", {1, now + 1h}),
                         key_in(KeyState::retiring, "idle")};
  const auto plan = make_plan(KeyUse::jwt, keys, timing, now);
  CHECK(plan.safe_now ==
        std::vector<std::string>{"authctl key rotate --use jwt --staged", "authctl key delete idle"});
  CHECK(plan.in_use.size() == 3);
}

TEST_CASE("a Fernet key is replaced at once and never retires by the clock") {
  auto key = key_in(KeyState::active, "f");
  key.row.use = KeyUse::fernet;
  key.row.public_jwk.reset();
  const std::vector keys{key};
  const auto plan = make_plan(KeyUse::fernet, keys, timing, now);
  CHECK(plan.activate_at == now);
  CHECK_FALSE(plan.retire_at);
  CHECK(plan.next == "authctl key rotate --use fernet");
  CHECK(std::find(plan.safe_now.begin(), plan.safe_now.end(), plan.next) != plan.safe_now.end());
}

TEST_CASE("B73: a revoked Fernet key is in use as long as it is kept, and never safe to delete") {
  std::vector keys{key_in(KeyState::active, "new"), key_in(KeyState::revoked, "old")};
  const auto jwt = make_plan(KeyUse::jwt, keys, timing, now);
  CHECK(jwt.in_use.size() == 1);
  for (auto& key : keys) key.row.use = KeyUse::fernet;
  const auto plan = make_plan(KeyUse::fernet, keys, timing, now);
  REQUIRE(plan.in_use.size() == 2);
  CHECK(plan.in_use[1].kid == "old");
  CHECK(plan.in_use[1].state == KeyState::revoked);
  for (const auto& step : plan.safe_now) CHECK(step.find("delete") == std::string::npos);
}

TEST_CASE("without any key the plan says how to make one") {
  const auto plan = make_plan(KeyUse::jwt, {}, timing, now);
  CHECK(plan.next == "authctl key generate --use jwt");
  CHECK_FALSE(plan.active_kid);
  CHECK(draw_plan(plan).find("nothing to retire") != std::string::npos);
}

TEST_CASE("the drawn plan fits in 80 columns and shows its moments in order") {
  const std::string kid(43, 'k');
  auto successor = key_in(KeyState::pending, std::string(43, 'n'));
  successor.row.published_at = now - 10s;
  const std::vector keys{key_in(KeyState::active, kid, {12345, now + 720h}), successor};
  const auto text = draw_plan(make_plan(KeyUse::jwt, keys, timing, now));
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    CAPTURE(line);
    CHECK(base::display_width(line) <= 80);
  }
  const auto bar = text.find("publish", text.find("retire") + 6);
  REQUIRE(bar != std::string::npos);
  CHECK(bar < text.find("activate", bar));
  CHECK(text.find("activate", bar) < text.find("retire", bar));
}

TEST_CASE("a successor that may not sign before a date is drawn with it, its words apart") {
  auto successor = key_in(KeyState::pending, "new");
  successor.row.published_at = now;
  successor.row.not_before = now + 1000h;
  const std::vector keys{key_in(KeyState::active, "old"), successor};
  const auto text = draw_plan(make_plan(KeyUse::jwt, keys, timing, now));
  CHECK(text.find("  activate  not before " + base::to_rfc3339(now + 1000h) + "\n") != std::string::npos);
  CHECK(text.find("activateretire") == std::string::npos);
  CHECK(text.find(" activate retire\n") != std::string::npos);
}

TEST_CASE("where nothing retires the drawing says no moment for it, and the bar stays open") {
  auto key = key_in(KeyState::active, "f");
  key.row.use = KeyUse::fernet;
  const std::vector keys{key};
  const auto text = draw_plan(make_plan(KeyUse::fernet, keys, timing, now));
  CHECK(text.find("activate\n") != std::string::npos);
  CHECK(text.find("===>\n") != std::string::npos);
}

TEST_CASE("the plan for machines has every member, null where there is nothing") {
  const auto json = plan_json(make_plan(KeyUse::fernet, {}, timing, now));
  for (const char* member : {"use", "active_kid", "successor_kid", "publish_at", "activate_at", "retire_at",
                             "jwks_max_age_seconds", "in_use", "safe_now", "next"}) {
    CHECK(json.contains(member));
  }
  CHECK(json.at("retire_at").is_null());
}
