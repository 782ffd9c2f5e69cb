#include "core/service/keyring.h"

#include "core/store/rotation_job.h"
#include "tests/service/key_world.h"

namespace authctl::service {
namespace {
using base::ErrorCode;
using store::KeyState;
using store::KeyUse;
using test::code_of;
using test::KeyWorld;
using namespace std::chrono_literals;

TEST_CASE("the first key of a use is active, later ones are pending") {
  KeyWorld world(GENERATE(test::each_engine()));
  CHECK(world.state_of(world.first) == KeyState::active);
  const auto second = world.generate("EdDSA");
  CHECK(second.row.state == KeyState::pending);
  CHECK(second.row.published_at == world.clock().now());
  CHECK(world.generate("", KeyUse::fernet).row.state == KeyState::active);
}

TEST_CASE("a key made here is named by its thumbprint and sealed in its place") {
  KeyWorld world(GENERATE(test::each_engine()));
  for (const auto* alg : {"ES256", "EdDSA", "RS256", "HS256"}) {
    const auto row = world.generate(alg).row;
    CHECK(row.alg == alg);
    const auto key = open_jwk(world.realm(), row);
    CHECK(key.thumbprint() == row.kid);
    CHECK(key.is_private());
    CHECK(row.public_jwk.has_value() == (row.alg != "HS256"));
    auto moved = row;
    moved.kid = "elsewhere";
    CHECK(code_of([&] { open_jwk(world.realm(), moved); }) == ErrorCode::unverified);
  }
}

TEST_CASE("the JSON of a key has exactly its nine members") {
  KeyWorld world;
  std::string members;
  for (const auto& member : key_json(show_key(world.realm(), world.first)))
    members += std::string(member.key()) + " ";
  CHECK(members == "kid use alg state created_at activated_at retires_at revoked_at live_tokens ");
}

TEST_CASE("a key that may not sign yet stays pending even if it is the first") {
  test::TestRealm bare(GENERATE(test::each_engine()));
  const auto later = bare.clock().now() + 1h;
  const auto key = generate_key(bare.realm(), bare.cause(), {KeyUse::jwt, "", 0, later}).key.row;
  CHECK(key.state == KeyState::pending);
  CHECK(key.not_before == later);
}

TEST_CASE("weak and unknown keys are refused before anything is written") {
  KeyWorld world(GENERATE(test::each_engine()));
  const auto before = test::dump(world.db());
  const auto make = [&](KeyUse use, const char* alg, int bits) {
    return code_of([&] { generate_key(world.realm(), world.cause(), {use, alg, bits, {}}); });
  };
  CHECK(make(KeyUse::jwt, "none", 0) == ErrorCode::invalid);
  CHECK(make(KeyUse::jwt, "ES384", 0) == ErrorCode::invalid);
  CHECK(make(KeyUse::jwt, "RS256", 1024) == ErrorCode::invalid);
  CHECK(make(KeyUse::jwt, "HS256", 128) == ErrorCode::invalid);
  CHECK(make(KeyUse::fernet, "ES256", 0) == ErrorCode::usage);
  CHECK(test::dump(world.db()) == before);
}

TEST_CASE("a pending key is promoted once everybody knows it, and the old one goes to rest") {
  KeyWorld world(GENERATE(test::each_engine()));
  const auto next = world.generate().row.kid;
  const auto promote = [&](bool force) {
    return promote_key(world.realm(), world.cause(), next, world.timing, force);
  };
  CHECK(code_of([&] { promote(false); }) == ErrorCode::precondition);
  CHECK(world.active() == world.first);
  SECTION("in time") {
    world.clock().advance(world.timing.jwks_max_age);
    promote(false);
  }
  SECTION("by force") { promote(true); }
  CHECK(world.active() == next);
  CHECK(world.state_of(world.first) == KeyState::retiring);
  CHECK(code_of([&] { promote(true); }) == ErrorCode::precondition);
}

TEST_CASE("the active key is neither retired, revoked nor deleted by itself") {
  KeyWorld world(GENERATE(test::each_engine()));
  const auto before = test::dump(world.db());
  auto& realm = world.realm();
  CHECK(code_of([&] { retire_key(realm, world.cause(), world.first, world.timing); }) ==
        ErrorCode::precondition);
  CHECK(code_of([&] { revoke_key(realm, world.cause(), world.first); }) == ErrorCode::precondition);
  CHECK(code_of([&] { delete_key(realm, world.cause(), world.first, true); }) == ErrorCode::precondition);
  CHECK(test::dump(world.db()) == before);
}

TEST_CASE("a retiring key is revoked with all that it signed") {
  KeyWorld world(GENERATE(test::each_engine()));
  const auto token = world.issue();
  world.rotate();
  CHECK(world.verify(token) == "valid");
  revoke_key(world.realm(), world.cause(), world.first);
  CHECK(world.verify(token) == "revoked_key");
  CHECK(show_key(world.realm(), world.first).live.count == 0);
  CHECK_FALSE(
      revoke_key(world.realm(), world.cause(), world.first).notices.empty());  // again: nothing changed
}

TEST_CASE("a key with live tokens is deleted by force only") {
  KeyWorld world(GENERATE(test::each_engine()));
  const auto token = world.issue();
  world.rotate();
  const auto remove = [&](bool force) {
    return delete_key(world.realm(), world.cause(), world.first, force);
  };
  CHECK(code_of([&] { remove(false); }) == ErrorCode::precondition);
  CHECK(remove(true).key.live.count == 1);
  CHECK(world.verify(token) == "unknown_key");
  CHECK(code_of([&] { remove(true); }) == ErrorCode::not_found);
}

TEST_CASE("retiring ends the overlap with the last token that lives") {
  KeyWorld world(GENERATE(test::each_engine()));
  const auto token = world.issue(10min);
  const auto ends = world.clock().now() + 10min;
  world.rotate(Rotation::plain, 24h);
  CHECK(retire_key(world.realm(), world.cause(), world.first, world.timing).key.row.retires_at == ends);
  CHECK(world.verify(token) == "valid");
}

TEST_CASE("a Fernet key that data may be under is deleted by force only, and not while a job reads with it") {
  KeyWorld world(GENERATE(test::each_engine()));
  const auto old = world.generate("", KeyUse::fernet).row.kid;
  world.rotate(Rotation::emergency, {}, KeyUse::fernet);
  const auto row = show_key(world.realm(), old).row;
  CHECK(row.state == KeyState::revoked);
  CHECK(open_fernet_key(world.realm(), row).size() == 32);  // kept sealed: B73
  CHECK(code_of([&] { delete_key(world.realm(), world.cause(), old, false); }) == ErrorCode::precondition);
  CHECK_NOTHROW(delete_key(world.realm(), world.cause(), old, true));

  const auto spare = world.generate("", KeyUse::fernet).row.kid;  // pending: nothing can be under it
  store::RotationJobs(world.db()).open({"job", std::nullopt, world.clock().now(), {spare}});
  CHECK(code_of([&] { delete_key(world.realm(), world.cause(), spare, false); }) == ErrorCode::precondition);
}

TEST_CASE("keys that are gone are swept away by the next write, with an entry each") {
  KeyWorld world(GENERATE(test::each_engine()));
  world.rotate(Rotation::plain, 0s);
  CHECK(code_of([&] { show_key(world.realm(), world.first); }) == std::nullopt);
  // Shown still, so not unknown; but there is nothing left to be done with it.
  CHECK(code_of([&] { revoke_key(world.realm(), world.cause(), world.first); }) == ErrorCode::precondition);
  CHECK(code_of([&] { retire_key(world.realm(), world.cause(), world.first, world.timing); }) ==
        ErrorCode::precondition);
  CHECK(code_of([&] { promote_key(world.realm(), world.cause(), world.first, world.timing, true); }) ==
        ErrorCode::precondition);
  world.generate();
  CHECK(code_of([&] { show_key(world.realm(), world.first); }) == ErrorCode::not_found);
  const auto actions = test::logged_actions(world.db());
  CHECK(std::count(actions.begin(), actions.end(), "key.delete") == 1);
}

TEST_CASE("a dry run of every change to keys writes nothing and makes no key") {
  KeyWorld world(GENERATE(test::each_engine()));
  world.issue();
  const auto next = world.generate().row.kid;
  const auto before = test::dump(world.db());
  const auto cause = world.dry_run();
  CHECK(generate_key(world.realm(), cause, {}).key.row.kid == "(not generated)");
  CHECK(promote_key(world.realm(), cause, next, world.timing, true).key.row.kid == next);
  for (const auto kind : {Rotation::staged, Rotation::emergency}) {
    CHECK(rotate_key(world.realm(), cause, world.rotation(kind)).key.row.kid == "(not generated)");
  }
  revoke_key(world.realm(), cause, next);
  retire_key(world.realm(), cause, next, world.timing);
  delete_key(world.realm(), cause, next, false);
  CHECK(test::dump(world.db()) == before);
}

TEST_CASE("a store that fails at any statement of any change to keys leaves everything as it was") {
  KeyWorld world(GENERATE(test::each_engine()));
  world.issue();
  const auto next = world.generate().row.kid;
  auto& realm = world.realm();
  SECTION("generate") {
    test::fail_at_every_call(world, [&] { world.generate("EdDSA"); });
  }
  SECTION("promote") {
    test::fail_at_every_call(world, [&] { promote_key(realm, world.cause(), next, world.timing, true); });
  }
  SECTION("rotate") {
    test::fail_at_every_call(world, [&] { rotate_key(realm, world.cause(), world.rotation()); });
  }
  SECTION("rotate --staged") {
    test::fail_at_every_call(world,
                             [&] { rotate_key(realm, world.cause(), world.rotation(Rotation::staged)); });
  }
  SECTION("rotate --emergency") {
    test::fail_at_every_call(world,
                             [&] { rotate_key(realm, world.cause(), world.rotation(Rotation::emergency)); });
  }
  SECTION("retire") {
    test::fail_at_every_call(world, [&] { retire_key(realm, world.cause(), next, world.timing); });
  }
  SECTION("revoke") {
    test::fail_at_every_call(world, [&] { revoke_key(realm, world.cause(), next); });
  }
  SECTION("delete") {
    test::fail_at_every_call(world, [&] { delete_key(realm, world.cause(), next, false); });
  }
}

}  // namespace
}  // namespace authctl::service
