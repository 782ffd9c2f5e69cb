// Keys, a user and her tokens, for the tests of keyring and tokens.
#pragma once
#include "core/audit/verification.h"
#include "core/base/error.h"
#include "core/service/keyring_exchange.h"
#include "core/service/keyring_rotation.h"
#include "core/service/token_check.h"
#include "core/service/tokens.h"
#include "core/store/user_repository.h"
#include "tests/support/realms.h"

namespace authctl::test {

class KeyWorld : public TestRealm {
 public:
  // Two worlds in one test need keys of their own: `seed` tells them apart.
  explicit KeyWorld(store::Engine engine = store::Engine::sqlite, std::uint64_t seed = 1)
      : TestRealm(engine) {
    for (std::uint64_t i = 1; i < seed; ++i) (void)base::make_uuid4(random());
    user_id = add_user("ann");
    first = generate().row.kid;
  }
  std::string user_id, first;
  service::KeyTiming timing{.jwks_max_age = std::chrono::minutes{5}, .access_ttl = std::chrono::minutes{15}};

  std::string add_user(const std::string& name) {
    store::UserRow user;
    user.id = base::make_uuid7(random(), base::to_unix_millis(clock().now()));
    user.name = name;
    user.created_at = user.updated_at = clock().now();
    store::insert_user(db(), user);
    return user.id;
  }
  service::KeyAndTokens generate(const std::string& alg = "", store::KeyUse use = store::KeyUse::jwt) {
    return service::generate_key(realm(), cause(), {.use = use, .alg = alg, .bits = 0, .not_before = {}}).key;
  }
  service::KeyReport rotate(service::Rotation kind = service::Rotation::plain,
                            std::optional<base::Duration> grace = {},
                            store::KeyUse use = store::KeyUse::jwt) {
    clock().advance(std::chrono::seconds{1});
    return service::rotate_key(realm(), cause(), rotation(kind, grace, use));
  }
  service::RotationRequest rotation(service::Rotation kind = service::Rotation::plain,
                                    std::optional<base::Duration> grace = {},
                                    store::KeyUse use = store::KeyUse::jwt) {
    return {.use = use, .kind = kind, .timing = timing, .grace = grace, .alg = "", .began = clock().now()};
  }
  service::TokenRequest request(base::Duration ttl = std::chrono::minutes{15}) {
    return {.user = "ann",
            .type = "access",
            .ttl = ttl,
            .issuer = "https://issuer",
            .audiences = {"api"},
            .scopes = {},
            .claims = {}};
  }
  std::string issue(base::Duration ttl = std::chrono::minutes{15}) {
    return service::issue_token(realm(), cause(), request(ttl)).token;
  }
  // The word of the reason, "valid" where there is none; as `token verify` asks with a store.
  std::string verify(const std::string& token) { return verify_at(token, realm().now()); }
  std::string verify_at(const std::string& token, base::Timestamp now) {
    token::Expectations expected;
    expected.issuer = "https://issuer";
    expected.audiences = {"api"};
    expected.type = "access";
    expected.typ = "at+jwt";
    token::Verifier verifier(service::trusted_keys(realm(), now), expected);
    auto verdict = verifier.verify(token, now);
    if (verdict.ok()) {
      if (const auto why =
              service::store_refusal(realm(), *service::subject_of(verdict), now, service::AsOf::instant))
        verdict.refuse(*why);
    }
    return verdict.ok() ? "valid" : std::string(token::word_of(*verdict.reason));
  }
  store::KeyState state_of(const std::string& kid) { return service::show_key(realm(), kid).row.state; }
  std::string active() { return store::KeyRepository(db()).active(store::KeyUse::jwt).value().kid; }
  bool log_is_intact() {
    return audit::verify_log(
               db(), {.sealer = &realm().sealer(), .public_key = {}, .checkpoint = {}, .progress = {}})
               .verdict == audit::LogVerdict::intact;
  }
};

// The code of what is thrown; nothing where nothing is.
template <class Work>
std::optional<base::ErrorCode> code_of(Work work) {
  try {
    work();
  } catch (const base::Error& error) {
    return error.code();
  }
  return std::nullopt;
}

}  // namespace authctl::test
