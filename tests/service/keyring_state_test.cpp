#include "core/service/keyring_state.h"

#include "tests/support/catch.h"

using namespace authctl;
using namespace authctl::service;
using store::KeyRow;
using store::KeyState;
using store::KeyUse;

namespace {
const base::Timestamp now = base::from_unix_seconds(1'800'000'000);
const KeyTiming timing;

KeyRow key_in(KeyState state, KeyUse use = KeyUse::jwt) {
  KeyRow key;
  key.kid = "k";
  key.use = use;
  key.state = state;
  key.sealed = {1};
  if (use == KeyUse::jwt) key.public_jwk = "{}";
  key.created_at = now - std::chrono::hours{1};
  key.published_at = key.created_at;
  return key;
}

bool refused(KeyStep step, const KeyRow& key, const store::LiveTokens& live = {}) {
  return refusal_of(step, key, live, timing, now).has_value();
}
}  // namespace

TEST_CASE("each step of a key's life is allowed from its own states only") {
  struct Row {
    KeyStep step;
    bool pending, active, retiring, revoked;  // allowed from
  };
  const Row table[] = {
      {KeyStep::activate, true, false, false, false},
      {KeyStep::retire, true, false, true, false},
      {KeyStep::revoke, true, false, true, true},
      {KeyStep::remove, true, false, true, true},
  };
  for (const auto& row : table) {
    CHECK(refused(row.step, key_in(KeyState::pending)) != row.pending);
    CHECK(refused(row.step, key_in(KeyState::active)) != row.active);
    CHECK(refused(row.step, key_in(KeyState::retiring)) != row.retiring);
    CHECK(refused(row.step, key_in(KeyState::revoked)) != row.revoked);
  }
}

TEST_CASE("no step but a rotation takes the active key away, forced or not") {
  for (const auto step : {KeyStep::activate, KeyStep::retire, KeyStep::revoke, KeyStep::remove}) {
    const auto refusal = refusal_of(step, key_in(KeyState::active), {}, timing, now);
    REQUIRE(refusal);
    CHECK_FALSE(refusal->can_be_forced);
  }
  CHECK(refusal_of(KeyStep::revoke, key_in(KeyState::active), {}, timing, now)->hint ==
        "authctl key rotate --use jwt --emergency");
}

TEST_CASE("a pending key signs only after it has been public for the max-age of the key set") {
  auto key = key_in(KeyState::pending);
  key.published_at = now - timing.jwks_max_age;
  CHECK_FALSE(refused(KeyStep::activate, key));
  key.published_at = now - timing.jwks_max_age + std::chrono::milliseconds{1};
  const auto refusal = refusal_of(KeyStep::activate, key, {}, timing, now);
  REQUIRE(refusal);
  CHECK(refusal->code == base::ErrorCode::precondition);
  CHECK(refusal->can_be_forced);
}

TEST_CASE("a key that is published nowhere need not wait to be known") {
  auto secret = key_in(KeyState::pending);  // HS256
  secret.public_jwk.reset();
  secret.published_at.reset();
  CHECK_FALSE(refused(KeyStep::activate, secret));
  auto fernet = key_in(KeyState::pending, KeyUse::fernet);
  fernet.published_at.reset();
  CHECK_FALSE(refused(KeyStep::activate, fernet));
}

TEST_CASE("a key does not sign before its not_before, nor without its private half") {
  auto early = key_in(KeyState::pending);
  early.not_before = now + std::chrono::seconds{1};
  REQUIRE(refused(KeyStep::activate, early));
  early.not_before = now;
  CHECK_FALSE(refused(KeyStep::activate, early));
  auto half = key_in(KeyState::pending);
  half.sealed.clear();
  const auto refusal = refusal_of(KeyStep::activate, half, {}, timing, now);
  REQUIRE(refusal);
  CHECK_FALSE(refusal->can_be_forced);
}

TEST_CASE("a key with live tokens, or with data that may be under it, is deleted by force only") {
  const store::LiveTokens live{2, now + std::chrono::hours{1}};
  const auto jwt = refusal_of(KeyStep::remove, key_in(KeyState::retiring), live, timing, now);
  REQUIRE(jwt);
  CHECK(jwt->can_be_forced);
  for (const auto state : {KeyState::retiring, KeyState::revoked}) {
    const auto fernet = refusal_of(KeyStep::remove, key_in(state, KeyUse::fernet), {}, timing, now);
    REQUIRE(fernet);
    CHECK(fernet->can_be_forced);
  }
}

TEST_CASE("a key retires after the grace and after the last token it signed") {
  CHECK(retirement(now, base::Duration{60}, {}) == now + std::chrono::seconds{60});
  CHECK(retirement(now, base::Duration{60}, {1, now + std::chrono::seconds{90}}) ==
        now + std::chrono::seconds{90});
  CHECK(retirement(now, base::Duration{60}, {1, now + std::chrono::seconds{30}}) ==
        now + std::chrono::seconds{60});
  CHECK(retirement(now, base::Duration{0}, {}) == now);
}

TEST_CASE("a retiring key is gone from the moment it retires, a Fernet key never by itself") {
  auto key = retired(key_in(KeyState::active), now);
  CHECK(is_gone(key, now));
  CHECK_FALSE(is_gone(key, now - std::chrono::milliseconds{1}));
  CHECK_FALSE(is_published(key, now));
  CHECK_FALSE(is_gone(retired(key_in(KeyState::active), std::nullopt), now));
  CHECK_FALSE(is_gone(retired(key_in(KeyState::active, KeyUse::fernet), now), now));
}

TEST_CASE("a revoked key is not published") {
  CHECK(is_published(key_in(KeyState::pending), now));
  CHECK(is_published(key_in(KeyState::active), now));
  CHECK_FALSE(is_published(revoked(key_in(KeyState::retiring), now), now));
}
