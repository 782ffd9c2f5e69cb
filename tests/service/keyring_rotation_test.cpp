#include "core/service/keyring_rotation.h"

#include <thread>

#include "tests/service/key_world.h"
#include "tests/support/dying.h"

namespace authctl::service {
namespace {
using base::ErrorCode;
using store::KeyState;
using store::KeyUse;
using test::code_of;
using test::KeyWorld;
using namespace std::chrono_literals;

std::int64_t active_keys(store::Database& db) {
  return test::number(db, "SELECT count(*) FROM crypto_key WHERE key_use = 'jwt' AND state = 'active'");
}

TEST_CASE("a token of the old key verifies until the overlap ends, and not after") {
  KeyWorld world(GENERATE(test::each_engine()));
  const auto token = world.issue(2h);
  world.rotate(Rotation::plain, 1h);
  CHECK(world.state_of(world.first) == KeyState::retiring);
  const auto until = show_key(world.realm(), world.first).row.retires_at.value();
  CHECK(until == test::new_year + 2h);  // the longest token outlives the grace
  CHECK(world.verify(token) == "valid");
  CHECK(world.verify_at(token, until - 1ms) == "valid");
  CHECK(world.verify_at(token, until) == "unknown_key");
}

TEST_CASE("the grace counts where no token lives longer") {
  KeyWorld world(GENERATE(test::each_engine()));
  world.issue(1min);
  world.rotate(Rotation::plain, 1h);
  CHECK(show_key(world.realm(), world.first).row.retires_at == world.clock().now() + 1h);
  world.rotate();  // without a grace of its own: the access_ttl
  const auto keys = list_keys(world.realm(), KeyUse::jwt);
  CHECK(std::count_if(keys.begin(), keys.end(), [&](const auto& key) {
          return key.row.retires_at == world.clock().now() + world.timing.access_ttl;
        }) == 1);
}

TEST_CASE("what is issued after a rotation is signed by the new key") {
  KeyWorld world(GENERATE(test::each_engine()));
  const auto next = world.rotate().key.row.kid;
  CHECK(issue_token(world.realm(), world.cause(), world.request()).kid == next);
  CHECK(world.verify(world.issue()) == "valid");
}

TEST_CASE("an emergency ends the old key and what it signed at once, for every process") {
  KeyWorld world(GENERATE(test::each_engine()));
  const auto token = world.issue();
  const auto other = world.another();
  world.rotate(Rotation::emergency);
  CHECK(world.verify(token) == "revoked_key");
  token::Verifier elsewhere(trusted_keys(*other, world.clock().now()), {});
  CHECK(elsewhere.verify(token, world.clock().now()).reason == token::Reason::revoked_key);
  CHECK(test::number(world.db(), "SELECT count(*) FROM issued_token WHERE revoked_at IS NULL") == 0);
  CHECK(show_key(world.realm(), world.first).live.count == 0);
  CHECK(world.verify(world.issue()) == "valid");
}

TEST_CASE("an emergency never makes a waiting key the successor") {
  KeyWorld world(GENERATE(test::each_engine()));
  const auto waiting = world.generate().row.kid;
  CHECK(world.rotate(Rotation::emergency).key.row.kid != waiting);
  CHECK(world.state_of(waiting) == KeyState::pending);
}

TEST_CASE("a rotation takes the key that waits, and warns when others cannot know it yet") {
  KeyWorld world(GENERATE(test::each_engine()));
  const auto staged = world.rotate(Rotation::staged).key.row;
  CHECK(staged.state == KeyState::pending);
  CHECK(world.active() == world.first);
  const auto warned = [](const KeyReport& report) {
    return std::any_of(report.notices.begin(), report.notices.end(),
                       [](const std::string& notice) { return notice.starts_with("warning: "); });
  };
  SECTION("too early") { CHECK(warned(world.rotate())); }
  SECTION("in time") {
    world.clock().advance(world.timing.jwks_max_age);
    CHECK_FALSE(warned(world.rotate()));
  }
  CHECK(world.active() == staged.kid);
}

TEST_CASE("a rotation never takes a waiting key of another algorithm, and says that it waits") {
  KeyWorld world(GENERATE(test::each_engine()));
  const auto waiting = world.generate("HS256").row.kid;
  const auto report = world.rotate();
  CHECK(report.key.row.alg == "ES256");
  CHECK(world.state_of(waiting) == KeyState::pending);
  REQUIRE_FALSE(report.notices.empty());
  CHECK(report.notices.back().find("authctl key promote " + waiting) != std::string::npos);
  auto request = world.rotation();
  request.alg = "HS256";
  world.clock().advance(1s);
  CHECK(rotate_key(world.realm(), world.cause(), request).key.row.kid == waiting);
}

TEST_CASE("a rotation keeps the algorithm and its size, unless another is asked for") {
  KeyWorld world(GENERATE(test::each_engine()));
  auto request = world.rotation();
  request.alg = "HS256";
  world.clock().advance(1s);
  CHECK(rotate_key(world.realm(), world.cause(), request).key.row.alg == "HS256");
  CHECK(world.rotate().key.row.alg == "HS256");
}

TEST_CASE("of two rotations that begin with the same key one wins and the other says so") {
  KeyWorld world(GENERATE(test::each_engine()));
  const auto other = world.another();
  world.clock().advance(1s);
  std::atomic<int> won = 0, refused = 0;
  const auto race = [&](Realm& realm, RotationRequest request) {
    const auto code = code_of([&] { rotate_key(realm, world.cause(), request); });
    if (!code) ++won;
    if (code == ErrorCode::precondition || code == ErrorCode::conflict) ++refused;
  };
  const auto request = world.rotation();
  world.clock().advance(10ms);
  std::thread first(race, std::ref(world.realm()), request);
  std::thread second(race, std::ref(*other), request);
  first.join();
  second.join();
  CHECK(won == 1);
  CHECK(refused == 1);
  CHECK(active_keys(world.db()) == 1);
  CHECK(world.log_is_intact());
}

TEST_CASE("a rotation that was typed before another one ended is refused though it began to work after it") {
  KeyWorld world(GENERATE(test::each_engine()));
  const auto late = world.rotation();
  world.rotate();
  CHECK(code_of([&] { rotate_key(world.realm(), world.cause(), late); }) == ErrorCode::precondition);
}

TEST_CASE("a clock that was set back does not stop rotations") {
  KeyWorld world(GENERATE(test::each_engine()));
  world.rotate();
  world.clock().advance(-2h);
  CHECK_NOTHROW(world.rotate());
}

TEST_CASE("without an active key a rotation says how to make one") {
  test::TestRealm bare;
  CHECK(code_of([&] { rotate_key(bare.realm(), bare.cause(), {}); }) == ErrorCode::precondition);
}

TEST_CASE(
    "of those who find the same keys due at once one takes each step, and the others find nothing due") {
  const auto engine = GENERATE(test::each_engine());
  for (int round = 0; round < 8; ++round) {
    KeyWorld world(engine, 1 + static_cast<std::uint64_t>(round));
    world.generate("", KeyUse::fernet);
    change(world.realm(), world.cause(), [&](Change& c) {
      for (const auto use : {KeyUse::jwt, KeyUse::fernet}) set_key_policy(c, use, KeyPolicy{24h, {}, {}});
    });
    world.clock().advance(25h);
    std::atomic<int> done = 0, refused = 0;
    std::vector<std::unique_ptr<Realm>> realms;
    for (int i = 0; i < 4; ++i) realms.push_back(world.another());
    std::vector<std::thread> threads;
    for (auto& realm : realms)
      threads.emplace_back([&] {
        try {
          done += static_cast<int>(rotate_due(*realm, world.cause(), world.timing).size());
        } catch (const base::Error&) {
          ++refused;
        }
      });
    for (auto& thread : threads) thread.join();
    CHECK(done == 2);
    CHECK(refused == 0);
    CHECK(test::number(world.db(), "SELECT count(*) FROM crypto_key WHERE state = 'pending'") == 1);
    CHECK(test::number(world.db(), "SELECT count(*) FROM crypto_key WHERE key_use = 'fernet'") == 2);
    CHECK(world.log_is_intact());
  }
}

TEST_CASE("the policy is obeyed in two steps: publish what is due, and let it sign when everybody knows it") {
  KeyWorld world(GENERATE(test::each_engine()));
  const auto due = [&] { return rotate_due(world.realm(), world.cause(), world.timing); };
  CHECK(due().empty());  // no policy
  change(world.realm(), world.cause(), [](Change& c) {
    set_key_policy(c, KeyUse::jwt, KeyPolicy{24h, 1h, ""});
  });
  CHECK(due().empty());  // nothing is old enough
  world.clock().advance(24h);
  const auto staged = due();
  REQUIRE(staged.size() == 1);
  CHECK(staged[0].key.row.state == KeyState::pending);
  CHECK(due().empty());  // the caches still hold the old set
  world.clock().advance(world.timing.jwks_max_age);
  const auto swapped = due();
  REQUIRE(swapped.size() == 1);
  CHECK(swapped[0].key.row.kid == staged[0].key.row.kid);
  CHECK(world.active() == staged[0].key.row.kid);
  CHECK(due().empty());
}

TEST_CASE("a key that is held back for long stops no policy, and one that is ripe in time is the successor") {
  KeyWorld world(GENERATE(test::each_engine()));
  const auto due = [&] { return rotate_due(world.realm(), world.cause(), world.timing); };
  const auto hold_back = [&](base::Duration span) {
    const KeyDraft draft{.use = KeyUse::jwt, .alg = "", .bits = 0, .not_before = world.clock().now() + span};
    return generate_key(world.realm(), world.cause(), draft).key.row.kid;
  };
  change(world.realm(), world.cause(), [](Change& c) {
    set_key_policy(c, KeyUse::jwt, KeyPolicy{24h, 1h, ""});
  });
  world.clock().advance(24h);
  SECTION("long") {
    const auto late = hold_back(100 * 24h);
    const auto staged = due();
    REQUIRE(staged.size() == 1);
    CHECK(staged[0].key.row.kid != late);
    CHECK(staged[0].notices.back().find(late) != std::string::npos);
    CHECK(due().empty());
    world.clock().advance(world.timing.jwks_max_age);
    REQUIRE(due().size() == 1);
    CHECK(world.active() == staged[0].key.row.kid);
    CHECK(world.state_of(late) == KeyState::pending);
  }
  SECTION("no longer than a new one would need") {
    const auto soon = hold_back(world.timing.jwks_max_age);
    CHECK(due().empty());
    world.clock().advance(world.timing.jwks_max_age);
    REQUIRE(due().size() == 1);
    CHECK(world.active() == soon);
  }
}

TEST_CASE("a rotation that is killed at any step leaves one active key, a whole log and a store that opens") {
  const auto engine = GENERATE(test::each_engine());
  const auto kind = GENERATE(Rotation::plain, Rotation::staged, Rotation::emergency);
  KeyWorld world(engine);
  const auto token = world.issue();
  bool before_commit = false, after_commit = false, ended = false;
  for (int at = 1; !ended; ++at) {
    for (const auto when : {test::Dies::before, test::Dies::after}) {
      INFO("killed at call " << at << (when == test::Dies::after ? ", done" : ""));
      world.clock().advance(1s);
      const auto keys = list_keys(world.realm(), KeyUse::jwt).size();
      ended = test::survives([&] {
        const auto realm =
            world.over(std::make_unique<test::DyingDatabase>(world.store().connect(), at, when));
        rotate_key(*realm, world.cause(), world.rotation(kind));
      });
      const auto db = world.store().connect();
      REQUIRE(active_keys(*db) == 1);
      REQUIRE(world.log_is_intact());
      REQUIRE(world.verify(world.issue()) == "valid");  // and the active key opens and signs
      if (!ended)
        (list_keys(world.realm(), KeyUse::jwt).size() == keys ? before_commit : after_commit) = true;
    }
  }
  CHECK(before_commit);
  CHECK(after_commit);
}

}  // namespace
}  // namespace authctl::service
