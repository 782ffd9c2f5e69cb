// The clock is set back, or was far ahead for a while: what had expired stays so, and what has to end by
// itself does.
#include "core/service/access.h"
#include "core/service/initialisation.h"
#include "core/service/lockouts.h"
#include "core/service/opening.h"
#include "core/service/role_assignments.h"
#include "core/service/roles.h"
#include "tests/service/key_world.h"
#include "tests/service/sign_in_world.h"

using namespace authctl;
using namespace std::chrono_literals;
using test::KeyWorld;
using test::SignInWorld;
using test::verdict;

namespace {

// Anything that the log takes note of, and the time with it.
void make_role(service::Realm& realm, const service::Cause& cause, const std::string& name) {
  service::create_role(realm, cause, {name, "", {}});
}

}  // namespace

TEST_CASE("no token that had expired lives again where the clock is set back") {
  KeyWorld world(GENERATE(test::each_engine()));
  const auto back = GENERATE(std::chrono::milliseconds(1h), std::chrono::milliseconds(24h));
  const auto short_lived = world.issue(10min), long_lived = world.issue(48h);
  world.clock().advance(30min);
  make_role(world.realm(), world.cause(), "witness");
  CHECK(world.verify_at(short_lived, world.realm().now()) == "expired");
  world.clock().advance(-back);
  CHECK(world.realm().now() == world.clock().now() + back);
  CHECK(world.verify_at(short_lived, world.realm().now()) == "expired");
  CHECK(world.verify_at(long_lived, world.realm().now()) == "valid");
  // Revoked "until now" means until now, although its key is older than the clock says that it is.
  world.rotate(service::Rotation::emergency);
  CHECK(world.verify_at(long_lived, world.realm().now()) != "valid");
}

TEST_CASE("no role that had ended and no key that was gone comes back where the clock is set back") {
  KeyWorld world(GENERATE(test::each_engine()));
  const auto back = GENERATE(std::chrono::milliseconds(1h), std::chrono::milliseconds(24h));
  auto& realm = world.realm();
  make_role(realm, world.cause(), "night");
  service::grant_permissions(realm, world.cause(), {"night", {"open:door"}, ""});
  service::assign_roles(realm, world.cause(), {"ann", {"night"}, "10m", ""});
  const auto may = [&] {
    return service::check_permission(realm.db(), {"ann", "open:door", ""}, realm.now()).decision.allowed;
  };
  const auto token = world.issue(48h);
  CHECK(may());
  world.rotate(service::Rotation::plain, 10min);
  CHECK(world.verify_at(token, realm.now()) == "valid");
  service::retire_key(realm, world.cause(), world.first, world.timing);
  world.clock().advance(49h);
  CHECK_FALSE(may());
  CHECK(world.verify_at(token, realm.now()) != "valid");
  make_role(realm, world.cause(), "witness");
  world.clock().advance(-back);
  CHECK_FALSE(may());
  CHECK(world.verify_at(token, realm.now()) != "valid");
  CHECK(base::json::serialize(token::inspect_token(world.issue())->claims.at("roles")) == "[]");
}

TEST_CASE("a clock that jumps ahead ends what ends, and nothing else is lost by it") {
  KeyWorld world(GENERATE(test::each_engine()));
  const auto ahead = GENERATE(std::chrono::milliseconds(1h), std::chrono::milliseconds(24h * 3650));
  auto& realm = world.realm();
  const auto token = world.issue(10min);
  service::revoke_token(realm, world.cause(), world.issue(10min));
  world.clock().advance(ahead);
  CHECK(world.verify_at(token, realm.now()) == "expired");
  CHECK(world.verify_at(world.issue(10min), realm.now()) == "valid");
  world.rotate(service::Rotation::plain, 10min);
  CHECK(world.verify_at(world.issue(10min), realm.now()) == "valid");
  CHECK(world.log_is_intact());
}

TEST_CASE("the store knows the latest time for whoever opens it next") {
  const test::Place place(GENERATE(test::each_engine()));
  base::FixedClock clock{test::new_year};
  test::SeededRandom random;
  const service::MasterKeySource key{place.folder().file("keys/master.key"), ""};
  const service::Cause cause{"os:tester", "", "", "", false};
  service::initialise({place.url(), key, ""}, cause, clock, random);
  clock.advance(3h);
  {
    auto realm = service::open_realm({place.url(), key}, clock, random);
    make_role(realm, cause, "late");
  }
  clock.advance(-2h);
  auto realm = service::open_realm({place.url(), key}, clock, random);
  CHECK(realm.now() == test::new_year + 3h);
  CHECK(realm.by_clock() == test::new_year + 1h);
  make_role(realm, cause, "later");  // changes nothing about it
  CHECK(service::open_realm({place.url(), key}, clock, random).now() == test::new_year + 3h);
  clock.advance(4h);
  CHECK(realm.now() == test::new_year + 5h);
}

TEST_CASE("a clock that was years ahead for a while freezes nothing when it is set right") {
  KeyWorld world(GENERATE(test::each_engine()));
  const auto start = world.clock().now();
  world.clock().set(start + 24h * 3650);
  make_role(world.realm(), world.cause(), "from-the-future");
  world.clock().set(start + 1min);
  CHECK(world.realm().now() == start + 1min);
  const auto token = world.issue(10min);
  CHECK(world.verify_at(token, world.realm().now()) == "valid");
  world.clock().advance(11min);
  CHECK(world.verify_at(token, world.realm().now()) == "expired");
}

TEST_CASE("keys rotate where the clock was set back, and nobody is said to have been faster") {
  KeyWorld world(GENERATE(test::each_engine()));
  world.clock().advance(2h);
  world.rotate();
  world.clock().advance(-1h);
  const auto before = world.active();
  CHECK(test::code_of([&] { world.rotate(); }) == std::nullopt);
  CHECK(world.active() != before);
}

TEST_CASE("a used code stays used where the clock is set back, and a telephone that is right is believed") {
  SignInWorld world(GENERATE(test::each_engine()));
  const auto back = GENERATE(std::chrono::milliseconds(1h), std::chrono::milliseconds(24h));
  world.add("ann");
  world.add("bob");
  const auto used = world.add_totp("ann");
  const auto fresh = world.code_of(used);
  REQUIRE(verdict(world.code("ann", fresh)) == "allowed");
  world.clock().advance(-back);
  CHECK(verdict(world.code("ann", fresh)) != "allowed");
  CHECK(verdict(world.code("ann", world.code_of(used))) !=
        "allowed");  // of a step that lies behind the last one
  const auto enrolled_since = world.add_totp("bob");
  CHECK(verdict(world.code("bob", world.code_of(enrolled_since))) == "allowed");
}
