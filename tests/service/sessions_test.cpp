#include "core/service/sessions.h"

#include <set>
#include <thread>

#include "core/service/account_password.h"
#include "core/service/accounts.h"
#include "tests/service/session_world.h"

namespace authctl::service {
namespace {
using test::SessionWorld;
using test::text;
using namespace std::chrono_literals;

TEST_CASE("a session has 128 random bits for an id, and its access token names it") {
  SessionWorld world(GENERATE(test::each_engine()));
  const auto first = world.sign_in(), second = world.sign_in();
  CHECK(first.session_id.size() == 32);
  CHECK(first.session_id != second.session_id);
  const auto claims = token::inspect_token(text(first.access.sign()))->claims;
  CHECK(claims.at("sid").as_string() == first.session_id);
  CHECK(claims.at("client_id").as_string() == "authctl");
  CHECK(world.verify_access(first) == "valid");
  CHECK(world.live() == 2);
}

TEST_CASE("neither a refresh token nor its successor stands in the store") {
  SessionWorld world(GENERATE(test::each_engine()));
  const auto first = world.sign_in();
  const auto second = world.refresh(first.refresh).tokens.value();
  const auto all = test::dump(world.db());
  for (const auto* token : {&first.refresh, &second.refresh}) {
    CHECK(text(*token).starts_with("authctl_rt_"));
    CHECK(all.find(text(*token)) == all.npos);
    CHECK(all.find(text(*token).substr(11)) == all.npos);
  }
}

TEST_CASE("each refresh gives another token, within the same second too") {
  SessionWorld world(GENERATE(test::each_engine()));
  auto tokens = world.sign_in();
  std::set<std::string> seen{text(tokens.refresh)};
  for (int i = 0; i < 5; ++i) {
    tokens = world.refresh(tokens.refresh).tokens.value();
    CHECK(seen.insert(text(tokens.refresh)).second);
    CHECK(world.verify_access(tokens) == "valid");
  }
  CHECK(show_session(world.realm(), tokens.session_id).lineage.size() == 6);
  CHECK(test::logged_actions(world.db()).back() == "session.refresh");
}

TEST_CASE("the two tabs of a browser get the same successor within ten seconds") {
  SessionWorld world(GENERATE(test::each_engine()));
  const auto first = world.sign_in();
  const auto one = world.refresh(first.refresh).tokens.value();
  world.clock().advance(10s);
  const auto other = world.refresh(first.refresh).tokens.value();
  CHECK(text(one.refresh) == text(other.refresh));
  CHECK(world.try_refresh(other.refresh) == "granted");
  CHECK(show_session(world.realm(), first.session_id).lineage.front().repeats == 1);
}

TEST_CASE("any other reuse ends the family and its access tokens, and is an entry of its own") {
  const auto engine = GENERATE(test::each_engine());
  SessionWorld world(engine);
  const auto first = world.sign_in();
  const auto second = world.refresh(first.refresh).tokens.value();
  std::string from = world.home;
  auto door = Door::cookie;
  SECTION("after ten seconds") { world.clock().advance(10001ms); }
  SECTION("from another address") { from = world.elsewhere; }
  SECTION("as an API client where a browser has it") { door = Door::token; }
  SECTION("where the successor was used") { REQUIRE(world.refresh(second.refresh).tokens); }
  SECTION("within the same second, of a token before the last") {
    REQUIRE(world.refresh(second.refresh).tokens);
  }
  CHECK(world.try_refresh(first.refresh, from, door) == "reuse");
  CHECK(test::logged_actions(world.db()).back() == "session.reuse");
  CHECK(world.try_refresh(second.refresh) == "ended");
  CHECK(world.verify_access(second) == "revoked");
  CHECK(world.live() == 0);
  const auto view = show_session(world.realm(), first.session_id);
  CHECK(view.session.end_reason == "reuse");
  CHECK(view.lineage.front().reused_ip == from);
}

TEST_CASE("the idle limit is judged at refresh, on both of its sides") {
  SessionWorld world(GENERATE(test::each_engine()));
  auto tokens = world.sign_in();
  world.clock().advance(world.rules.idle - 1ms);
  tokens = world.refresh(tokens.refresh).tokens.value();
  CHECK(world.live() == 1);
  world.clock().advance(world.rules.idle);
  CHECK(world.live() == 0);
  CHECK(world.try_refresh(tokens.refresh) == "idle");
  world.clock().advance(-1h);  // a clock that goes back revives nothing
  CHECK(world.try_refresh(tokens.refresh) == "ended");
}

TEST_CASE("a family ends at its time however busy it is, a remembered one later") {
  SessionWorld world(GENERATE(test::each_engine()));
  const bool remember = GENERATE(false, true);
  SessionDraft draft;
  draft.remember_me = remember;
  auto tokens = world.sign_in(draft);
  const base::Duration longest = remember ? world.rules.refresh_ttl : world.rules.longest;
  world.rules.idle = longest;
  world.clock().advance(longest - 2s);
  tokens = world.refresh(tokens.refresh).tokens.value();
  CHECK(tokens.expires_in == 2s);  // no access token outlives its session
  world.clock().advance(2s);
  CHECK(world.try_refresh(tokens.refresh) == "expired");
}

TEST_CASE("what shuts a user out ends the sessions too") {
  SessionWorld world(GENERATE(test::each_engine()));
  const auto tokens = world.sign_in();
  world.clock().advance(1s);
  const auto& cause = world.cause();
  SECTION("disabled") {
    disable_user(world.realm(), cause, "ann", false);
    CHECK(show_session(world.realm(), tokens.session_id).session.end_reason == "user_disabled");
  }
  SECTION("disabled and enabled again") {
    disable_user(world.realm(), cause, "ann", false);
    enable_user(world.realm(), cause, "ann");
  }
  SECTION("tokens revoked") { revoke_user_tokens(world.realm(), cause, "ann"); }
  SECTION("another password") {
    PasswordRequest request;
    request.user = "ann";
    request.generate = true;
    set_password(world.realm(), cause, request, {.rules = {}, .cost = {.memory_kib = 8, .passes = 1}});
  }
  CHECK(world.live() == 0);
  CHECK(world.try_refresh(tokens.refresh) == "ended");
}

TEST_CASE("a deleted user leaves no session behind") {
  SessionWorld world(GENERATE(test::each_engine()));
  const auto tokens = world.sign_in();
  delete_user(world.realm(), world.cause(), "ann", false);
  CHECK(world.try_refresh(tokens.refresh) == "unknown");
  CHECK(test::number(world.db(), "SELECT count(*) FROM refresh_token") == 0);
}

TEST_CASE("a key that must not be believed any more takes its sessions along") {
  SessionWorld world(GENERATE(test::each_engine()));
  const auto tokens = world.sign_in();
  SECTION("emergency rotation") {
    world.rotate(Rotation::emergency);
    CHECK(world.try_refresh(tokens.refresh) == "ended");
    CHECK(show_session(world.realm(), tokens.session_id).session.end_reason == "key_revoked");
  }
  SECTION("everything that it signed is revoked") {
    world.clock().advance(1s);
    revoke_key_tokens(world.realm(), world.cause(), world.first, {}, {});
    CHECK(world.try_refresh(tokens.refresh) == "ended");
  }
  SECTION("a rotation in peace ends nothing, and the refresh is signed by the new key") {
    world.rotate();
    const auto next = world.refresh(tokens.refresh).tokens.value();
    CHECK(next.access.kid == world.active());
    CHECK(show_session(world.realm(), tokens.session_id).session.kid == world.active());
  }
  SECTION("whoever has gone over to another key stays when the old one is revoked") {
    world.rotate();
    const auto next = world.refresh(tokens.refresh).tokens.value();
    revoke_key(world.realm(), world.cause(), world.first);
    CHECK(world.try_refresh(next.refresh) == "granted");
  }
}

TEST_CASE("scope can only shrink, and a token is bound to its client") {
  SessionWorld world(GENERATE(test::each_engine()));
  SessionDraft draft;
  draft.scopes = {"read", "write"};
  draft.client_id = "client-1";
  const auto tokens = world.sign_in(draft);
  const auto ask = [&](std::string_view token, const char* client, std::vector<std::string> scopes) {
    return refresh_session(world.realm(), world.from(world.home),
                           {.token = token,
                            .client_id = client,
                            .door = Door::cookie,
                            .ip = world.home,
                            .scopes = std::move(scopes)},
                           world.rules, world.signer);
  };
  CHECK(ask(tokens.refresh.reveal_text(), "client-2", {"read"}).refusal == RefreshRefusal::other_client);
  CHECK(ask(tokens.refresh.reveal_text(), "client-1", {"read", "admin"}).refusal ==
        RefreshRefusal::wider_scope);
  const auto next = ask(tokens.refresh.reveal_text(), "client-1", {"read"});
  REQUIRE(next.tokens);
  CHECK(token::inspect_token(text(next.tokens->access.sign()))->claims.at("scope").as_string() == "read");
}

TEST_CASE("roles are looked up at every refresh") {
  SessionWorld world(GENERATE(test::each_engine()));
  const auto now = world.clock().now();
  world.db().execute("INSERT INTO role (id, name, created_at, updated_at) VALUES ('r', 'editor', $1, $1)",
                     {now});
  world.db().execute(
      "INSERT INTO role_assignment (user_id, role_id, resource, expires_at, created_at) VALUES ($1, 'r', '', "
      "NULL, $2)",
      {world.user_id, now});
  const auto roles = [](const SessionTokens& tokens) {
    return token::inspect_token(text(tokens.access.sign()))->claims.at("roles").as_array().size();
  };
  const auto tokens = world.sign_in();
  CHECK(roles(tokens) == 1);
  world.db().execute("DELETE FROM role_assignment");
  CHECK(roles(world.refresh(tokens.refresh).tokens.value()) == 0);
}

TEST_CASE(
    "of fifty refreshes at once in two processes, all that are granted get one and the same successor") {
  SessionWorld world(GENERATE(test::each_engine()));
  const auto other = world.another();
  ActiveSigner other_signer;
  for (int round = 0; round < 3; ++round) {
    const auto tokens = world.sign_in();
    std::mutex mutex;
    std::multiset<std::string> successors;
    std::vector<std::thread> threads;
    for (int i = 0; i < 50; ++i) {
      threads.emplace_back([&, i] {
        auto& realm = i % 2 ? *other : world.realm();
        auto outcome = refresh_session(realm, world.from(world.home),
                                       {.token = tokens.refresh.reveal_text(),
                                        .client_id = "authctl",
                                        .door = Door::cookie,
                                        .ip = world.home,
                                        .scopes = {}},
                                       world.rules, i % 2 ? other_signer : world.signer);
        const std::lock_guard lock(mutex);
        successors.insert(outcome.tokens ? text(outcome.tokens->refresh) : "refused");
      });
    }
    for (auto& thread : threads) thread.join();
    CHECK(successors.count(*successors.begin()) == 50);
    const auto view = show_session(world.realm(), tokens.session_id);
    CHECK(view.lineage.size() == 2);
    CHECK(view.lineage.front().repeats == 49);
  }
  CHECK(world.log_is_intact());
}

TEST_CASE("of fifty refreshes at once from fifty addresses one is granted, and the family ends") {
  SessionWorld world(GENERATE(test::each_engine()));
  const auto other = world.another();
  ActiveSigner other_signer;
  const auto tokens = world.sign_in();
  std::atomic<int> granted = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 50; ++i) {
    threads.emplace_back([&, i] {
      const auto ip = "203.0.113." + std::to_string(i);
      const auto outcome = refresh_session(i % 2 ? *other : world.realm(), world.from(ip),
                                           {.token = tokens.refresh.reveal_text(),
                                            .client_id = "authctl",
                                            .door = Door::cookie,
                                            .ip = ip,
                                            .scopes = {}},
                                           world.rules, i % 2 ? other_signer : world.signer);
      if (outcome.tokens) ++granted;
    });
  }
  for (auto& thread : threads) thread.join();
  CHECK(granted == 1);
  CHECK(world.live() == 0);
}

TEST_CASE("after a revocation and a refresh at the same moment nothing of the session lives") {
  SessionWorld world(GENERATE(test::each_engine()));
  const auto other = world.another();
  for (int round = 0; round < 10; ++round) {
    const auto tokens = world.sign_in();
    std::optional<RefreshOutcome> outcome;
    std::thread refresher([&] { outcome = world.refresh(tokens.refresh); });
    revoke_sessions(*other, world.cause(), {.id = tokens.session_id, .user = ""});
    refresher.join();
    CHECK(world.verify_access(tokens) == "revoked");
    if (outcome->tokens) {
      CHECK(world.verify_access(*outcome->tokens) == "revoked");
      CHECK(world.try_refresh(outcome->tokens->refresh) == "ended");
    }
  }
}

TEST_CASE("sessions are revoked one by one, by their user, or all") {
  SessionWorld world(GENERATE(test::each_engine()));
  const auto one = world.sign_in(), two = world.sign_in();
  const auto revoke = [&](SessionRevocation request) {
    return revoke_sessions(world.realm(), world.cause(), request);
  };
  CHECK(revoke({.id = one.session_id, .user = ""}).revoked == 1);
  CHECK(world.verify_access(one) == "revoked");
  CHECK(world.verify_access(two) == "valid");
  const auto again = revoke({.id = one.session_id, .user = ""});
  CHECK(again.revoked == 0);
  CHECK(again.notices.size() == 1);
  CHECK(test::code_of([&] { revoke({.id = "nothing", .user = ""}); }) == base::ErrorCode::not_found);
  CHECK(revoke({.id = "", .user = "ann"}).revoked == 1);
  world.sign_in();
  world.sign_in();
  CHECK(revoke({}).revoked == 2);
  CHECK(world.live() == 0);
  CHECK(test::number(world.db(), "SELECT count(*) FROM audit_entry WHERE action = 'session.revoke'") == 4);
}

TEST_CASE("a failing store grants nothing: neither a sign-in, nor a refresh, nor a revocation is half done") {
  SessionWorld world(GENERATE(test::each_engine()));
  const auto tokens = world.sign_in();
  test::fail_at_every_call(world, [&] { world.refresh(tokens.refresh); });
  test::fail_at_every_call(
      world, [&] { revoke_sessions(world.realm(), world.cause(), {.id = tokens.session_id, .user = ""}); });
  test::fail_at_every_call(world, [&] { world.sign_in(); });
}

TEST_CASE("a list of many sessions is read page by page, newest first") {
  SessionWorld world(GENERATE(test::each_engine()));
  for (int i = 0; i < 300; ++i) {
    if (i % 3 == 0) world.clock().advance(1ms);
    world.sign_in();
  }
  const auto next =
      list_sessions(world.realm(), {.user = "ann", .ended = false, .limit = {}}, world.rules.idle);
  std::set<std::string> ids;
  base::Timestamp last = world.clock().now();
  while (const auto session = next()) {
    CHECK(session->created_at <= last);
    last = session->created_at;
    ids.insert(session->id);
  }
  CHECK(ids.size() == 300);
  const auto some = list_sessions(world.realm(), {.user = "", .ended = false, .limit = 7}, world.rules.idle);
  int count = 0;
  while (some()) ++count;
  CHECK(count == 7);
}

TEST_CASE("a list of sessions, everybody's or a user's, is read from an index") {
  SessionWorld world(store::Engine::sqlite);
  for (const bool of_user : {false, true}) {
    for (const bool ended : {false, true}) {
      store::SessionFilter filter{.user_id = {}, .ended = ended};
      if (of_user) filter.user_id = world.user_id;
      const std::vector<store::Value> nothing(of_user ? 6 : 5, store::Value(nullptr));
      const auto plan = world.db().query("EXPLAIN QUERY PLAN " + store::SessionRepository::list_sql(filter),
                                         std::span(nothing));
      while (plan->next()) {
        INFO(plan->text(3));
        CHECK_FALSE(plan->text(3).starts_with("SCAN"));
        CHECK_FALSE(plan->text(3).starts_with("USE TEMP B-TREE"));
      }
    }
  }
}

TEST_CASE("what a browser says of itself is kept short and printable") {
  SessionWorld world(GENERATE(test::each_engine()));
  SessionDraft draft;
  draft.user_agent = "Mozilla \x1b[31m" + std::string(1000, 'x');
  const auto kept = show_session(world.realm(), world.sign_in(draft).session_id).session.user_agent;
  CHECK(kept.size() <= 200);
  CHECK(kept.find('\x1b') == kept.npos);
}

}  // namespace
}  // namespace authctl::service
