#include "core/service/containment.h"

#include <set>

#include "core/audit/evidence.h"
#include "core/service/accounts.h"
#include "core/service/audit_trail.h"
#include "core/service/clients.h"
#include "core/service/role_assignments.h"
#include "core/service/roles.h"
#include "core/store/factor_repository.h"
#include "core/store/one_time_repository.h"
#include "tests/service/session_world.h"

namespace authctl::service {
namespace {

using base::ErrorCode;
using test::code_of;
using test::SessionWorld;
using test::text;
using namespace std::chrono_literals;

// ann is signed in and has backup codes; bob too; root holds admin:all; a client; keys of both uses.
class Incident : public SessionWorld {
 public:
  explicit Incident(store::Engine engine = store::Engine::sqlite) : SessionWorld(engine) {
    generate("", store::KeyUse::fernet);
    bob = add_user("bob");
    root = add_user("root");
    create_role(realm(), cause(), {"admin", "", {}});
    grant_permissions(realm(), cause(), {"admin", {"admin:all"}, ""});
    assign_roles(realm(), cause(), {"root", {"admin"}, "", "", false});
    create_client(realm(), cause(), {"shop", {{"client_credentials"}, {}, {}, false}},
                  [](const base::Secret&) {});
    for (const auto& id : {user_id, bob}) {
      const std::vector<base::Bytes> macs{{1, 2, 3}, {4, 5, 6}};
      store::replace_backup_codes(db(), id, macs, clock().now());
    }
    session.emplace(sign_in());
    store::OneTimeRepository(db()).insert_reset(base::Bytes{9}, user_id, clock().now(), clock().now() + 1h);
    clock().advance(1s);
  }
  std::string bob, root;
  std::optional<SessionTokens> session;

  Containment plan(ContainRequest request = {}) {
    request.timing = timing;
    return plan_containment(realm(), request);
  }
  Containment contain_it(const ContainRequest& request = {}) {
    auto what = plan(request);
    contain(realm(), cause(), request, what, {});
    return what;
  }
  std::int64_t codes_left(const std::string& id) { return store::count_backup_codes(db(), id).left; }
  audit::VerifierKey verifier() { return audit::open_log_key(db(), realm().sealer()).verifier(); }
  audit::LogVerdict receipt_verdict(const Containment& done) {
    return audit::verify_receipt(audit::receipt_text(done.receipt), verifier()).verdict;
  }
  std::string status(const std::string& name) {
    return std::string(store::word_of(store::get_user(db(), name).status));
  }
};

ContainRequest of_user(const std::string& user, bool force = false) { return {user, "", force, {}}; }
ContainRequest of_key(const std::string& kid) { return {"", kid, false, {}}; }

TEST_CASE("a contained user is locked, signed out, and has no code or link left; nobody else is touched") {
  Incident world(GENERATE(test::each_engine()));
  const auto token = world.issue();
  const auto done = world.contain_it(of_user("ann"));
  CHECK(world.status("ann") == "disabled");
  CHECK(world.verify(token) != "valid");
  CHECK(world.verify_access(*world.session) != "valid");
  CHECK(world.try_refresh(world.session->refresh) != "granted");
  CHECK(world.live() == 0);
  CHECK(world.codes_left(world.user_id) == 0);
  CHECK(test::number(world.db(), "SELECT COUNT(*) FROM password_reset WHERE used_at IS NULL") == 0);
  CHECK(world.status("bob") == "active");
  CHECK(world.codes_left(world.bob) == 2);
  CHECK(world.active() == world.first);
  CHECK(text_of(done.steps.front().ends) == "1 account, 1 password reset, 1 session, 2 tokens");
  // Let in again, it does not bring back what was ended.
  enable_user(world.realm(), world.cause(), "ann");
  CHECK(world.verify(token) != "valid");
  CHECK(world.try_refresh(world.session->refresh) != "granted");
  CHECK(world.log_is_intact());
}

TEST_CASE("a contained signing key is revoked in the change that puts its successor in its place") {
  Incident world(GENERATE(test::each_engine()));
  const auto token = world.issue();
  const auto done = world.contain_it(of_key(world.first));
  CHECK(world.state_of(world.first) == store::KeyState::revoked);
  CHECK(world.active() != world.first);
  CHECK(world.verify(token) == "revoked_key");
  CHECK(world.live() == 0);
  CHECK(world.verify(world.issue()) == "valid");
  CHECK(world.status("ann") == "active");
  CHECK(done.steps.size() == 1);
}

TEST_CASE("a key that does not sign is only revoked") {
  Incident world(GENERATE(test::each_engine()));
  world.rotate();
  const auto active = world.active();
  world.contain_it(of_key(world.first));
  CHECK(world.state_of(world.first) == store::KeyState::revoked);
  CHECK(world.active() == active);
}

TEST_CASE("a contained Fernet key is kept sealed for those who re-encrypt") {
  Incident world(GENERATE(test::each_engine()));
  const auto kid = store::KeyRepository(world.db()).active(store::KeyUse::fernet).value().kid;
  world.contain_it(of_key(kid));
  const auto key = show_key(world.realm(), kid).row;
  CHECK(key.state == store::KeyState::revoked);
  CHECK(key.can_sign());
  CHECK(store::KeyRepository(world.db()).active(store::KeyUse::fernet).value().kid != kid);
  CHECK(world.live() == 1);
}

TEST_CASE("everything contained leaves holders of admin:all their account and nothing else alive") {
  Incident world(GENERATE(test::each_engine()));
  const auto pending = world.rotate(Rotation::staged).key.row.kid;
  const auto token = world.issue();
  const auto done = world.contain_it();
  CHECK(world.verify(token) != "valid");
  CHECK(world.verify_access(*world.session) != "valid");
  CHECK(world.try_refresh(world.session->refresh) != "granted");
  CHECK(world.live() == 0);
  CHECK(world.state_of(world.first) == store::KeyState::revoked);
  CHECK(world.state_of(pending) == store::KeyState::revoked);
  CHECK(world.active() != world.first);
  CHECK(world.status("ann") == "disabled");
  CHECK(world.status("bob") == "disabled");
  CHECK(world.status("root") == "active");
  CHECK(show_client(world.realm(), "shop").status == store::ClientStatus::disabled);
  CHECK(world.codes_left(world.user_id) + world.codes_left(world.bob) == 0);
  CHECK(done.finished_at.has_value());
  CHECK(world.log_is_intact());
}

TEST_CASE("many accounts and sessions are ended piece by piece, each of them once") {
  Incident world(GENERATE(test::each_engine()));
  for (int i = 0; i < 130; ++i) world.add_user("user" + std::to_string(i));
  for (int i = 0; i < 120; ++i) world.sign_in();
  const auto done = world.contain_it();
  CHECK(test::number(world.db(), "SELECT COUNT(*) FROM user_account WHERE status = 'active'") == 1);
  CHECK(test::number(world.db(), "SELECT COUNT(*) FROM user_session WHERE ended_at IS NULL") == 0);
  CHECK(test::number(world.db(), "SELECT COUNT(*) FROM audit_entry WHERE action = 'user.disable'") == 132);
  CHECK(test::number(world.db(), "SELECT COUNT(*) FROM audit_entry WHERE action = 'session.revoke'") == 121);
  for (const auto& step : done.steps) CHECK(step.done_at.has_value());
  CHECK(world.receipt_verdict(done) == audit::LogVerdict::intact);
}

TEST_CASE("the last holder of admin:all is locked only by force, and before that nothing is done") {
  Incident world(GENERATE(test::each_engine()));
  const auto before = test::dump(world.db());
  CHECK(code_of([&] { world.contain_it(of_user("root")); }) == ErrorCode::precondition);
  CHECK(test::dump(world.db()) == before);
  world.contain_it(of_user("root", true));
  CHECK(world.status("root") == "disabled");
  // The command line needs no account.
  enable_user(world.realm(), world.cause(), "root");
  CHECK(world.status("root") == "active");
}

TEST_CASE("a dry run writes nothing and shows what hangs on what it would end") {
  Incident world(GENERATE(test::each_engine()));
  const auto before = test::dump(world.db());
  auto plan = world.plan();
  contain(world.realm(), world.dry_run(), {}, plan, {});
  CHECK(test::dump(world.db()) == before);
  CHECK(plan.receipt.empty());
  CHECK_FALSE(plan.finished_at.has_value());
}

TEST_CASE("run again, nothing is ended twice and the receipt is the same") {
  Incident world(GENERATE(test::each_engine()));
  const auto kid = store::KeyRepository(world.db()).active(store::KeyUse::fernet).value().kid;
  for (const auto& request : {of_user("ann"), of_key(kid), of_key(world.first), ContainRequest{}}) {
    const auto first = world.contain_it(request);
    const auto before = test::dump(world.db());
    world.clock().advance(1min);
    const auto second = world.contain_it(request);
    CHECK(second.over);
    CHECK(second.receipt.at("receipt") == first.receipt.at("receipt"));
    CHECK(test::dump(world.db()) == before);
    CHECK(world.receipt_verdict(second) == audit::LogVerdict::intact);
  }
}

TEST_CASE("where the entry of a receipt was pruned, another run leaves another one") {
  Incident world;
  const auto first = world.contain_it(of_user("ann"));
  world.clock().advance(1h);
  enable_user(world.realm(), world.cause(), "bob");
  create_role(world.realm(), world.cause(), {"later", "", {}});
  prune_audit(world.realm(), world.cause(), world.clock().now() - 1min);
  const auto second = world.contain_it(of_user("ann"));
  CHECK(second.id != first.id);
  CHECK(world.receipt_verdict(second) == audit::LogVerdict::intact);
}

TEST_CASE("what has come to be since is contained by another run") {
  Incident world;
  world.contain_it(of_user("ann"));
  enable_user(world.realm(), world.cause(), "ann");
  world.clock().advance(1s);
  world.sign_in();
  const auto again = world.contain_it(of_user("ann"));
  CHECK_FALSE(again.over);
  CHECK(world.live() == 0);
  CHECK(world.status("ann") == "disabled");
}

// The state that counts, without ids and times of the run.
std::string outcome(Incident& world) {
  std::string all;
  for (const char* sql : {"SELECT name || status FROM user_account ORDER BY name",
                          "SELECT name || status FROM oauth_client ORDER BY name"}) {
    const auto rows = world.db().query(sql);
    while (rows->next()) all += rows->string(0) + "\n";
  }
  std::multiset<std::string> states;
  for (const auto& key : store::KeyRepository(world.db()).list())
    states.insert(std::string(store::word_of(key.use)) + std::string(token::word_of(key.state)));
  for (const auto& state : states) all += state + "\n";
  all += std::to_string(world.live()) + std::to_string(world.codes_left(world.user_id)) +
         std::to_string(world.codes_left(world.bob));
  return all;
}

TEST_CASE("ended at any call to the store, a second run goes on and ends where one run would have") {
  for (const auto scope : {ContainScope::user, ContainScope::key, ContainScope::store}) {
    const auto request_in = [&](Incident& world) {
      return scope == ContainScope::user  ? of_user("ann")
             : scope == ContainScope::key ? of_key(world.first)
                                          : ContainRequest{};
    };
    Incident whole;
    whole.contain_it(request_in(whole));
    const auto expected = outcome(whole);
    bool ended = false;
    for (std::int64_t n = 1; !ended; n += scope == ContainScope::store ? 7 : 3) {
      INFO(word_of(scope) << ", ended at call " << n);
      Incident world;
      const auto request = request_in(world);
      world.failing().fail_at(n);
      try {
        world.contain_it(request);
        ended = true;
      } catch (const base::Error& error) {
        CHECK(error.code() == ErrorCode::unavailable);
      }
      world.failing().fail_at(0);
      const auto open = test::number(world.db(), "SELECT COUNT(*) FROM incident WHERE finished_at IS NULL");
      const auto second = world.contain_it(request);
      CHECK(second.resumed == (open == 1));
      CHECK(outcome(world) == expected);
      CHECK(test::number(world.db(), "SELECT COUNT(*) FROM incident") == 1);
      CHECK(world.log_is_intact());
      REQUIRE(world.receipt_verdict(second) == audit::LogVerdict::intact);
    }
  }
}

TEST_CASE("a receipt is refused where one byte of it is another") {
  Incident world;
  const auto done = world.contain_it(of_user("ann"));
  const auto receipt = audit::receipt_text(done.receipt);
  const auto key = world.verifier();
  REQUIRE(audit::verify_receipt(receipt, key).verdict == audit::LogVerdict::intact);
  for (std::size_t i = 0; i < receipt.size(); ++i) {
    auto other = receipt;
    other[i] = static_cast<char>(other[i] ^ 1);
    INFO("byte " << i);
    const auto verdict = audit::verify_receipt(other, key);
    REQUIRE(verdict.verdict != audit::LogVerdict::intact);
    REQUIRE(verdict.problem.has_value());
  }
  CHECK(audit::verify_receipt(receipt + "\n", key).verdict == audit::LogVerdict::altered);
  CHECK(audit::verify_receipt("", key).verdict == audit::LogVerdict::altered);
  auto stranger = key;
  stranger.key[0] ^= 1;
  CHECK(audit::verify_receipt(receipt, stranger).verdict == audit::LogVerdict::altered);
  stranger.name += "x";
  CHECK(audit::verify_receipt(receipt, stranger).verdict == audit::LogVerdict::unverifiable);
}

TEST_CASE("a receipt tells neither an address nor why in the clear where that names one") {
  Incident world;
  auto cause = world.cause();
  cause.reason = "seen from 192.0.2.77, told by eve@example.com";
  world.add_user("eve@example.com");
  auto plan = world.plan(of_user("eve@example.com"));
  contain(world.realm(), cause, of_user("eve@example.com"), plan, {});
  const auto receipt = base::canonical_json(plan.receipt.at("receipt"));
  CHECK(receipt.find("192.0.2.77") == receipt.npos);
  CHECK(receipt.find("eve@") == receipt.npos);
}

}  // namespace
}  // namespace authctl::service
