#include <set>
#include <thread>

#include "core/service/accounts.h"
#include "core/service/password_reset.h"
#include "core/service/rate_limit.h"
#include "core/service/sign_in_completion.h"
#include "tests/service/session_world.h"
#include "tests/support/vectors.h"

namespace authctl::service {
namespace {
using test::SessionWorld;
using test::text;
using namespace std::chrono_literals;

bool let_through(SessionWorld& world, const RateLimit& limit, const std::string& source) {
  const std::string sources[] = {source};
  return !take_rate(world.realm(), world.realm(), limit, sources);
}

TEST_CASE("the traces of the vector set are let through and refused as it says") {
  SessionWorld world(GENERATE(test::each_engine()));
  const auto begun = world.clock().now();
  const auto traces = tests::read_json_file(tests::made_vector("lockout/rate-traces.json"));
  int number = 0;
  for (const auto& trace : traces.as_array()) {
    const RateLimit limit{trace.at("limit").as_int64(), base::Duration{trace.at("window_s").as_int64()}};
    const auto source = rate_of("trace", std::to_string(++number));
    const auto& verdicts = trace.at("sliding_log_verdicts").as_array();
    for (std::size_t i = 0; i < verdicts.size(); ++i) {
      INFO("trace " << number << ", request " << i);
      const auto seconds = trace.at("times_s").as_array()[i].to_number<double>();
      world.clock().set(begun + std::chrono::milliseconds(std::llround(seconds * 1000)));
      CHECK(let_through(world, limit, source) == (verdicts[i].as_string() == "allow"));
    }
  }
  CHECK(number > 5);
}

TEST_CASE("of many requests at once in two processes no more are let through than the limit says") {
  SessionWorld world(GENERATE(test::each_engine()));
  const auto other = world.another();
  std::atomic<int> granted = 0;
  const auto ask = [&](Realm& realm) {
    const std::string sources[] = {rate_of_address("login", "192.0.2.1"), rate_of_account("login", "Ann")};
    for (int i = 0; i < 20; ++i)
      if (!take_rate(realm, realm, {5, 60s}, sources)) ++granted;
  };
  std::thread one([&] { ask(world.realm()); }), two([&] { ask(*other); });
  one.join();
  two.join();
  CHECK(granted == 5);
}

TEST_CASE(
    "a limit tells how long to wait, counts an IPv6 address by its network, and nothing for the refused") {
  SessionWorld world(GENERATE(test::each_engine()));
  const RateLimit limit{2, 60s};
  const auto take = [&](const std::string& address) {
    const std::string sources[] = {rate_of_address("login", address)};
    return take_rate(world.realm(), world.realm(), limit, sources);
  };
  CHECK_FALSE(take("2001:db8::1"));
  world.clock().advance(10s);
  CHECK_FALSE(take("2001:db8::2"));
  CHECK(take("2001:db8::3") == base::Duration{50});
  CHECK_FALSE(take("2001:db8:0:1::1"));
  world.clock().advance(50s);
  CHECK_FALSE(take("2001:db8::4"));
  CHECK(rate_of_account("login", "Ann@Example.com") == rate_of_account("login", "ann@example.com"));
  CHECK(rate_of_account("login", "ann").find("ann") == std::string::npos);
}

class ResetWorld : public SessionWorld {
 public:
  using SessionWorld::SessionWorld;
  PasswordPolicy policy{.rules = {}, .cost = {.memory_kib = 8, .passes = 1}};
  Cause stranger{"anonymous", "192.0.2.1", "", "", false};

  std::optional<ResetMail> ask(std::string_view email) { return request_reset(realm(), stranger, email); }
  bool confirm(std::string_view token, const std::string& password = "a long and lively pass phrase") {
    const base::Secret wanted(password);
    return confirm_reset(realm(), realm(), stranger, {token, wanted}, policy,
                         [](const auto& slow) { slow(); })
        .has_value();
  }
  void give_email() {
    update_user(realm(), cause(), {.user = "ann", .email = "Ann@Example.com", .rename = {}});
  }
};

TEST_CASE("a reset goes to the address that is stored, works once, and ends every session") {
  ResetWorld world(GENERATE(test::each_engine()));
  world.give_email();
  const auto session = world.sign_in();
  world.clock().advance(1s);
  const auto mail = world.ask("ann@example.COM").value();
  CHECK(mail.email == "Ann@Example.com");
  CHECK(text(mail.token).starts_with("authctl_reset_"));
  CHECK(test::dump(world.db()).find(text(mail.token).substr(14)) == std::string::npos);
  CHECK(test::code_of([&] { world.confirm(mail.token.reveal_text(), "short"); }) == base::ErrorCode::invalid);
  CHECK(world.confirm(mail.token.reveal_text()));
  CHECK_FALSE(world.confirm(mail.token.reveal_text()));
  CHECK(world.try_refresh(session.refresh) == "ended");
  CHECK(world.verify_access(session) == "revoked");
}

TEST_CASE("a reset ends by its time, by a newer one, and with the account") {
  ResetWorld world(GENERATE(test::each_engine()));
  world.give_email();
  const auto mail = world.ask("ann@example.com").value();
  SECTION("after thirty minutes") { world.clock().advance(30min); }
  SECTION("by the next mail") { CHECK(world.ask("ann@example.com")); }
  SECTION("where the account is shut") { disable_user(world.realm(), world.cause(), "ann", false); }
  SECTION("where the account is gone") { delete_user(world.realm(), world.cause(), "ann", false); }
  CHECK_FALSE(world.confirm(mail.token.reveal_text()));
}

TEST_CASE("what was mailed to an address is worth nothing once the account has another, or none") {
  ResetWorld world(GENERATE(test::each_engine()));
  world.give_email();
  const auto mail = world.ask("ann@example.com").value();
  const std::string now = GENERATE("elsewhere@example.com", "");
  update_user(world.realm(), world.cause(), {.user = "ann", .email = now, .rename = {}});
  CHECK_FALSE(world.confirm(mail.token.reveal_text()));
  if (!now.empty()) CHECK(world.confirm(world.ask(now).value().token.reveal_text()));
}

TEST_CASE("a rename leaves a reset as it is") {
  ResetWorld world(GENERATE(test::each_engine()));
  world.give_email();
  const auto mail = world.ask("ann@example.com").value();
  update_user(world.realm(), world.cause(), {.user = "ann", .email = {}, .rename = "anna"});
  CHECK(world.confirm(mail.token.reveal_text()));
}

TEST_CASE("nobody is written to by name, nor where an account is shut or not there") {
  ResetWorld world(GENERATE(test::each_engine()));
  world.give_email();
  CHECK_FALSE(world.ask("ann"));
  CHECK_FALSE(world.ask(world.user_id));
  CHECK_FALSE(world.ask("nobody@example.com"));
  disable_user(world.realm(), world.cause(), "ann", false);
  CHECK_FALSE(world.ask("ann@example.com"));
  CHECK(test::number(world.db(), "SELECT count(*) FROM audit_entry WHERE action = 'auth.reset'") == 4);
}

TEST_CASE("a sign-in gives a session, a challenge or a reset token, and nothing where the account was shut") {
  SessionWorld world(GENERATE(test::each_engine()));
  const auto complete = [&](bool mfa, bool must_change) {
    Completion completion;
    completion.user_id = world.user_id;
    completion.mfa_required = mfa;
    completion.must_change = must_change;
    return complete_sign_in(world.realm(), world.from(world.home), {}, completion, world.rules, world.signer);
  };
  const auto plain = complete(false, false), challenged = complete(true, true),
             changed = complete(false, true);
  CHECK((plain.session && !plain.challenge && !plain.reset));
  CHECK((challenged.challenge && !challenged.session && !challenged.reset));
  CHECK((changed.reset && !changed.session && !changed.challenge));
  CHECK(test::logged_actions(world.db()).back() == "auth.reset");
  disable_user(world.realm(), world.cause(), "ann", false);
  const auto shut = complete(false, false);
  CHECK_FALSE((shut.session || shut.challenge || shut.reset));
}

TEST_CASE("who was signed out between the right password and the session gets none") {
  SessionWorld world(GENERATE(test::each_engine()));
  const bool mfa = GENERATE(false, true), must_change = GENERATE(false, true);
  Completion completion;
  completion.user_id = world.user_id;
  completion.mfa_required = mfa, completion.must_change = must_change;
  const auto next = [&] {
    return complete_sign_in(world.realm(), world.from(world.home), {}, completion, world.rules, world.signer);
  };
  completion.valid_from = store::get_user(world.db(), "ann").tokens_valid_from;
  const auto before = next();
  CHECK((before.session || before.challenge || before.reset));
  revoke_user_tokens(world.realm(), world.cause(), "ann");  // within the same millisecond
  const auto after = next();
  CHECK_FALSE((after.session || after.challenge || after.reset));
  CHECK(
      test::number(world.db(),
                   "SELECT count(*) FROM audit_entry WHERE action = 'auth.login' AND outcome = 'denied' AND "
                   "detail = $1",
                   {R"({"door":"login","refusal":"signed_out"})"}) == 1);
}

TEST_CASE("a challenge is worth nothing without a second factor, nor after five tries or five minutes") {
  SessionWorld world(GENERATE(test::each_engine()));
  Completion completion;
  completion.user_id = world.user_id;
  completion.mfa_required = true;
  const auto challenge = std::move(
      complete_sign_in(world.realm(), world.from(world.home), {}, completion, world.rules, world.signer)
          .challenge.value());
  const base::Secret code("000000");
  const auto answer = [&] {
    return answer_challenge(world.realm(), world.from(world.home), {},
                            {.challenge = challenge.reveal_text(), .code = code, .draft = {}, .replaced = {}},
                            world.rules, world.signer);
  };
  CHECK(answer().refusal == Refusal::no_second_factor);
  SECTION("time") { world.clock().advance(5min); }
  SECTION("tries") {
    for (int i = 0; i < 4; ++i) CHECK(answer().known);
  }
  SECTION("the account signs out everywhere") {
    disable_user(world.realm(), world.cause(), "ann", false);
    enable_user(world.realm(), world.cause(), "ann");
  }
  CHECK_FALSE(answer().known);
}

}  // namespace
}  // namespace authctl::service
