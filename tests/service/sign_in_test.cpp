#include "core/service/sign_in.h"

#include <thread>

#include "core/service/account_password.h"
#include "core/service/rate_limit.h"
#include "tests/service/sign_in_world.h"
#include "tests/support/vectors.h"

using namespace authctl;
using namespace std::chrono_literals;
using service::Refusal;
using test::elsewhere;
using test::home;
using test::right;
using test::SignInWorld;
using test::verdict;
using test::wrong;

namespace {

// "bad as alice@example.com" of the scenarios: the password and the name.
std::string attempt(SignInWorld& world, std::string_view step) {
  const bool good = step.starts_with("good");
  const auto as = step.find(" as ");
  auto name = as == std::string_view::npos ? std::string("alice") : std::string(step.substr(as + 4));
  name = name.substr(0, name.find(' '));
  int times = 1;
  if (const auto x = step.find(" x"); x != std::string_view::npos)
    times = std::stoi(std::string(step.substr(x + 2)));
  std::string answer;
  for (int i = 0; i < times; ++i) {
    answer = verdict(world.sign_in(name, good ? right : wrong));
    if (i + 1 < times) world.clock().advance(0s);
  }
  return answer == "allowed" ? "allow" : answer == "locked" ? "deny-locked" : "deny";
}

std::int64_t entries(SignInWorld& world, std::string_view action, std::string_view outcome) {
  return test::number(world.db(), "SELECT COUNT(*) FROM audit_entry WHERE action = $1 AND outcome = $2",
                      {action, outcome});
}

}  // namespace

TEST_CASE("sign-ins are allowed, denied and locked as the scenarios have it") {
  const auto engine = GENERATE(test::each_engine());
  const auto scenarios = tests::read_json_file(tests::made_vector("lockout/scenarios.json"));
  int played = 0;
  for (const auto& value : scenarios.as_array()) {
    const auto& scenario = value.as_object();
    const auto& steps = scenario.at("steps").as_array();
    if (!steps[0].as_array()[0].is_number() || scenario.at("category").as_string() == "durability") continue;
    INFO(scenario.at("name").as_string());
    SignInWorld world(engine);
    world.add("alice", "alice@example.com");
    const auto start = world.clock().now();
    for (const auto& step : steps) {
      const auto& parts = step.as_array();
      const auto at = static_cast<std::int64_t>(parts[0].to_number<double>() * 1000);
      world.clock().set(start + std::chrono::milliseconds(at));
      CHECK(attempt(world, std::string_view(parts[1].as_string())) == parts[2].as_string());
    }
    ++played;
  }
  CHECK(played >= 5);
}

TEST_CASE("a lock outlives the process, and a clock that was set back does not prolong it") {
  SignInWorld world(GENERATE(test::each_engine()));
  world.add("alice");
  for (int i = 0; i < 10; ++i) {
    CHECK(verdict(world.sign_in("alice", wrong)) == "wrong_password");
    world.clock().advance(i < 9 ? 1h : 500ms);
  }
  const auto other = world.another();  // a process that starts now
  CHECK(verdict(world.sign_in(*other, "alice", right, home)) == "locked");
  const auto locked = world.view("alice");
  CHECK(locked.failed_attempts == 10);
  CHECK(locked.locked_until == world.clock().now() - 500ms + 128s);
  world.clock().advance(-24h);
  CHECK(world.view("alice").locked_until == world.clock().now() + 128s);
  CHECK(verdict(world.sign_in("alice", right)) == "locked");
  world.clock().advance(128s);
  CHECK(verdict(world.sign_in("alice", right)) == "allowed");
}

TEST_CASE("fifty guesses at once in two processes are three") {
  SignInWorld world(GENERATE(test::each_engine()));
  world.add("alice");
  const auto other = world.another();
  std::atomic<int> verified{0}, locked{0};
  std::vector<std::thread> guessers;
  for (int i = 0; i < 50; ++i)
    guessers.emplace_back([&, i] {
      const auto answer = verdict(world.sign_in(i % 2 ? *other : world.realm(), "alice", wrong, home));
      ++(answer == "locked" ? locked : verified);
    });
  for (auto& guesser : guessers) guesser.join();
  CHECK(verified == 3);
  CHECK(locked == 47);
  CHECK(world.view("alice").failed_attempts == 3);
}

TEST_CASE("who it was that was refused is in the log, with one refusal for each kind") {
  SignInWorld world(GENERATE(test::each_engine()));
  const auto ann = world.add("ann");
  world.add("bob", "", "");
  world.add("eve");
  service::disable_user(world.realm(), world.cause(), "eve", false);
  CHECK(verdict(world.sign_in("ann", wrong, "192.0.2.1")) == "wrong_password");
  CHECK(verdict(world.sign_in("bob", right, "192.0.2.2")) == "no_password");
  CHECK(verdict(world.sign_in("eve", right, "192.0.2.3")) == "disabled");
  CHECK(verdict(world.sign_in("ghost", right, "192.0.2.4")) == "unknown_user");
  CHECK(verdict(world.sign_in(ann, right, "192.0.2.5")) == "unknown_user");  // an id signs nobody in
  CHECK(verdict(world.sign_in("ann", right, "192.0.2.6")) == "allowed");
  CHECK(entries(world, "auth.login", "denied") == 5);
  CHECK(entries(world, "auth.login", "success") == 1);
  CHECK(test::number(world.db(),
                     "SELECT COUNT(*) FROM audit_entry WHERE action = 'auth.login' AND actor = $1",
                     {"user:" + ann}) == 1);
  CHECK(test::number(world.db(),
                     "SELECT COUNT(*) FROM audit_entry WHERE actor = 'anonymous' AND ip = '192.0.2.4' AND "
                     "target_name IS NULL") == 1);
}

TEST_CASE("every ticket asks for the same work: one hash of the same cost") {
  SignInWorld world(GENERATE(test::each_engine()));
  for (const std::string name : {"ann", "eve", "factor", "waiting", "gone"})
    world.add(name, name + "@example.com");
  world.add("bob", "bob@example.com", "");
  for (const auto* name : {"factor", "gone"}) world.add_totp(name);
  service::enroll_totp(world.realm(), world.cause(), {"waiting", "authctl", {}});
  for (const auto* name : {"eve", "gone"}) service::disable_user(world.realm(), world.cause(), name, false);
  const auto parameters = [&](const std::string& name) {
    const auto ticket =
        service::begin_sign_in(world.realm(), SignInWorld::from("192.0.2.1"), world.policy, {name, "login"});
    world.clock().advance(1h);
    return base::json::serialize(crypto::identify_password_hash(ticket.hash).parameters);
  };
  const auto known = parameters("ann");
  for (const std::string name : {"bob", "eve", "ghost", "factor", "waiting", "gone"}) {
    CHECK(parameters(name) == known);
    CHECK(parameters(name + "@example.com") == known);
  }
  for (const auto* name : {"ann\n", "", "%", "\xff"}) CHECK(parameters(name) == known);
  for (int i = 0; i < 5; ++i) world.sign_in("ann", wrong, elsewhere);
  CHECK(verdict(world.sign_in("ann", right, elsewhere)) == "locked");
  CHECK(parameters("ann") == known);
}

TEST_CASE("a right password while it is locked says nothing, and is not even kept as right") {
  SignInWorld world(GENERATE(test::each_engine()));
  world.add("ann");
  for (int i = 0; i < 3; ++i) world.sign_in("ann", wrong);
  const auto ticket =
      service::begin_sign_in(world.realm(), SignInWorld::from(home), world.policy, {"ann", "login"});
  CHECK_FALSE(service::verify_ticket(ticket, base::Secret(right), world.random()).matches);
  CHECK(world.view("ann").failed_attempts == 3);
}

TEST_CASE("a stranger's guesses do not shut the owner out where they have signed in before") {
  SignInWorld world(GENERATE(test::each_engine()));
  world.add("ann");
  CHECK(verdict(world.sign_in("ann", right)) == "allowed");
  for (int i = 0; i < 6; ++i, world.clock().advance(1min)) world.sign_in("ann", wrong, elsewhere);
  for (int i = 0; i < 3; ++i) world.sign_in("ann", wrong, elsewhere);
  CHECK(verdict(world.sign_in("ann", right, elsewhere)) == "locked");
  CHECK(verdict(world.sign_in("ann", right, "192.0.2.77")) == "locked");  // new to this account
  CHECK(verdict(world.sign_in("ann", right)) == "allowed");
  // At home the owner's own slips count too, in every door's counter.
  for (int i = 0; i < 3; ++i) world.sign_in("ann", wrong);
  CHECK(verdict(world.sign_in("ann", right)) == "locked");
  CHECK(world.view("ann").failed_attempts == 3);
}

TEST_CASE(
    "failures at the terminal count at each of the account's homes, and a success there ends them all") {
  SignInWorld world(GENERATE(test::each_engine()));
  world.add("ann");
  constexpr std::string_view homes[] = {home, "2001:db8:1:2::3"};
  for (const auto address : homes) CHECK(verdict(world.sign_in("ann", right, address)) == "allowed");
  for (int i = 0; i < 3; ++i) CHECK(verdict(world.sign_in("ann", wrong, "")) == "wrong_password");
  for (const auto address : homes) CHECK(verdict(world.sign_in("ann", right, address)) == "locked");
  CHECK(verdict(world.sign_in("ann", right, "")) == "locked");
  world.clock().advance(2s);
  CHECK(verdict(world.sign_in("ann", right, "")) == "allowed");
  for (const auto address : homes) {
    world.sign_in("ann", wrong, address);  // the first again
    CHECK(verdict(world.sign_in("ann", right, address)) == "allowed");
  }
}

TEST_CASE("an address that guesses at many names is locked, an IPv6 one with its whole /64") {
  SignInWorld world(GENERATE(test::each_engine()));
  for (const auto* name : {"ann", "bob", "eve", "joe"}) world.add(name);
  world.sign_in("ann", wrong, "2001:db8:1:2::1");
  world.sign_in("bob", wrong, "2001:db8:1:2:ffff::2");
  world.sign_in("eve", wrong, "2001:db8:1:2:3:4:5:6");
  CHECK(verdict(world.sign_in("joe", right, "2001:db8:1:2::99")) == "locked");
  CHECK(verdict(world.sign_in("joe", right, "2001:db8:1:3::99")) == "allowed");
  for (const auto* name : {"x1", "x2", "x3"}) world.sign_in(name, wrong, "::ffff:192.0.2.1");
  CHECK(verdict(world.sign_in("joe", right, "192.0.2.1")) == "locked");
  // It is never shut out for good, and forgotten a day after its last guess.
  world.clock().advance(25h);
  CHECK(verdict(world.sign_in("ann", wrong, "192.0.2.1")) == "wrong_password");
  CHECK(test::number(world.db(),
                     "SELECT failed_attempts FROM lockout_counter WHERE kind = 'ip' AND subject = "
                     "'192.0.2.1'") == 1);
}

TEST_CASE("an account of one's own buys no guesses at those of others from the same address") {
  SignInWorld world(GENERATE(test::each_engine()));
  for (const auto* name : {"mallory", "ann", "bob", "eve", "joe"}) world.add(name);
  const auto failed = [&] {
    const auto row = store::find_counter(world.db(), store::CounterKind::ip, elsewhere);
    return row ? row->state.failed_attempts : 0;
  };
  CHECK(verdict(world.sign_in("mallory", right, elsewhere)) == "allowed");
  for (const auto* name : {"ann", "bob", "eve"}) {
    CHECK(verdict(world.sign_in(name, wrong, elsewhere)) == "wrong_password");
    CHECK(verdict(world.sign_in("mallory", right, elsewhere)) == "allowed");
  }
  CHECK(failed() == 3);
  CHECK(verdict(world.sign_in("joe", right, elsewhere)) == "locked");
  // Slips of somebody who is known there are taken back, and theirs alone.
  for (int i = 0; i < 2; ++i) world.sign_in("mallory", wrong, elsewhere);
  CHECK(failed() == 5);
  CHECK(verdict(world.sign_in("mallory", right, elsewhere)) == "allowed");
  CHECK(failed() == 3);
  world.clock().advance(1min);
  CHECK(verdict(world.sign_in("joe", right, elsewhere)) == "allowed");  // new there: it has begun anew
  CHECK(failed() == 0);
  for (int i = 0; i < 2; ++i) world.sign_in("joe", wrong, elsewhere);
  CHECK(verdict(world.sign_in("joe", right, elsewhere)) == "allowed");
  CHECK(failed() == 0);
}

TEST_CASE("an account that was signed in elsewhere forgives an address nothing but its own slips") {
  SignInWorld world(GENERATE(test::each_engine()));
  for (const auto* name : {"mallory", "ann", "bob"}) world.add(name);
  const auto failed = [&](int last) {
    const auto row =
        store::find_counter(world.db(), store::CounterKind::ip, "198.51.100." + std::to_string(last));
    return row ? row->state.failed_attempts : 0;
  };
  CHECK(verdict(world.sign_in("mallory", right, elsewhere)) == "allowed");
  for (int last = 1; last <= 12; ++last) {  // more addresses than an account is known from
    const auto address = "198.51.100." + std::to_string(last);
    for (const auto* name : {"ann", "bob"}) world.sign_in(name, wrong, address);
    world.clock().advance(1h);
    CHECK(failed(last) == 2);
    CHECK(verdict(world.sign_in("mallory", wrong, address)) == "wrong_password");
    CHECK(failed(last) == 3);
    world.clock().advance(1h);
    CHECK(verdict(world.sign_in("mallory", right, address)) == "allowed");
    CHECK(failed(last) == 2);
  }
  CHECK(verdict(world.sign_in("mallory", right, "198.51.100.1")) == "allowed");  // it was forgotten there
  CHECK(failed(1) == 2);
}

TEST_CASE("an account takes a hundred guesses in a row at most, whatever the settings") {
  SignInWorld world(store::Engine::sqlite);
  world.policy.lockout = {1'000'000, 0s, 0s};
  world.add("ann");
  int verified = 0;
  for (int i = 0; i < 150; ++i)
    verified += verdict(world.sign_in("ann", wrong, "192.0.2." + std::to_string(i))) == "wrong_password";
  CHECK(verified == 100);
  world.clock().advance(24h * 365);
  CHECK(verdict(world.sign_in("ann", right)) == "locked");
  service::clear_lockout(world.realm(), world.cause(), world.policy.lockout, "ann");
  CHECK(verdict(world.sign_in("ann", right)) == "allowed");
}

TEST_CASE(
    "a hundred guesses in a row are all, also where the account is at home, and the last ones are kept for "
    "there") {
  SignInWorld world(GENERATE(test::each_engine()));
  world.policy.lockout = {1'000'000, 0s, 0s};
  world.add("ann");
  constexpr std::string_view homes[] = {"203.0.113.7", "2001:db8:1:2::3"};
  for (const auto address : homes) CHECK(verdict(world.sign_in("ann", right, address)) == "allowed");
  const auto guesses = [&](int tries, auto address) {
    int verified = 0;
    for (int i = 0; i < tries; ++i) verified += verdict(world.sign_in("ann", wrong, address(i))) != "locked";
    return verified;
  };
  const auto stranger = [](int i) { return "198.51.100." + std::to_string(i); };
  CHECK(guesses(60, stranger) == service::most_of_strangers);
  CHECK(base::to_rfc3339(world.view("ann").locked_until.value()) == "9999-12-31T23:59:59Z");
  CHECK(service::show_lockout(world.realm(), world.policy.lockout, "ann").locked_until ==
        world.view("ann").locked_until);
  CHECK(verdict(world.sign_in("ann", right, "")) == "locked");  // the terminal has no home
  CHECK(guesses(80, [&](int i) { return std::string(homes[i % 2]); }) ==
        credential::most_failures - service::most_of_strangers);
  for (const auto address : homes) CHECK(verdict(world.sign_in("ann", right, address)) == "locked");
  service::clear_lockout(world.realm(), world.cause(), world.policy.lockout, "ann");
  CHECK(guesses(49, stranger) == 49);
  CHECK(verdict(world.sign_in("ann", right, homes[1])) == "allowed");
  CHECK(world.view("ann").failed_attempts == 0);
}

TEST_CASE("names that nobody has share a bounded table") {
  SignInWorld world(store::Engine::sqlite);
  world.policy.lockout = {1'000'000, 0s, 0s};
  for (int i = 0; i < 300; ++i) world.sign_in("nobody" + std::to_string(i), wrong, "192.0.2.1");
  CHECK(test::number(world.db(), "SELECT COUNT(*) FROM lockout_counter WHERE kind = 'unknown'") <= 300);
  CHECK(test::number(world.db(),
                     "SELECT COUNT(*) FROM lockout_counter WHERE kind = 'unknown' AND LENGTH(subject) > 4") ==
        0);
  CHECK(verdict(world.sign_in("nobody1", wrong, "192.0.2.9")) == "unknown_user");
}

TEST_CASE("a spelling of a name meets the account's own counter, or is nobody's") {
  const auto names = tests::read_json_file(tests::made_vector("identity/names.json"));
  SignInWorld world(store::Engine::sqlite);
  world.policy.lockout = {1'000'000, 0s, 0s};
  int played = 0;
  for (const auto& value : names.as_array()) {
    const auto& row = value.as_object();
    if (!row.contains("account") || !row.at("account").is_string() || !row.at("attempt").is_string())
      continue;
    const std::string account(row.at("account").as_string()), typed(row.at("attempt").as_string());
    INFO(account << " " << typed);
    const auto at = account.find('@');
    const auto name = at == std::string::npos ? account : account.substr(0, at);
    if (!credential::Username::accepts(name)) continue;
    if (!store::find_user(world.db(), name)) world.add(name, at == std::string::npos ? "" : account);
    const auto before = world.view(name).failed_attempts;
    const bool same = verdict(world.sign_in(typed, wrong, "192.0.2.1")) == "wrong_password";
    CHECK(world.view(name).failed_attempts == before + (same ? 1 : 0));
    if (row.at("expect").as_string() == "different-or-refuse") CHECK_FALSE(same);
    ++played;
  }
  CHECK(played > 10);
}

TEST_CASE("a hash of an old scheme or cost is made anew at the next success, and is no change of password") {
  SignInWorld world(GENERATE(test::each_engine()));
  world.add("ann");
  const auto before = store::get_user(world.db(), "ann");
  const auto bcrypt = crypto::hash_password(base::Secret(right), "pbkdf2-sha256", world.random());
  store::set_user_password(world.db(), before.id, {bcrypt, "pbkdf2-sha256", false}, before.created_at);
  world.clock().advance(1h);
  CHECK(verdict(world.sign_in("ann", wrong)) == "wrong_password");
  CHECK(world.view("ann").password_scheme == "pbkdf2-sha256");
  CHECK(verdict(world.sign_in("ann", right)) == "allowed");
  const auto after = store::get_user(world.db(), "ann");
  CHECK(after.password_scheme == "argon2id");
  CHECK(after.password_changed_at == before.created_at);
  CHECK(after.last_login_at == world.clock().now());
  CHECK(entries(world, "user.rehash", "success") == 1);
  CHECK(verdict(world.sign_in("ann", right)) == "allowed");
  CHECK(entries(world, "user.rehash", "success") == 1);
}

TEST_CASE("a password that is changed, or an account that is shut, between the steps lets nobody in") {
  SignInWorld world(GENERATE(test::each_engine()));
  world.add("ann");
  const auto begin = [&] {
    return service::begin_sign_in(world.realm(), SignInWorld::from(home), world.policy, {"ann", "login"});
  };
  const auto finish = [&](const service::SignInTicket& ticket) {
    const auto verified = service::verify_ticket(ticket, base::Secret(right), world.random());
    CHECK(verified.matches);
    return verdict(
        service::finish_sign_in(world.realm(), SignInWorld::from(home), world.policy, ticket, verified));
  };
  auto ticket = begin();
  service::PasswordRequest request;
  request.user = "ann";
  request.password = base::Secret(test::wrong);
  service::set_password(world.realm(), world.cause(), request, {{}, test::cheap});
  CHECK(finish(ticket) == "wrong_password");
  request.password = base::Secret(right);
  service::set_password(world.realm(), world.cause(), request, {{}, test::cheap});
  ticket = begin();
  service::disable_user(world.realm(), world.cause(), "ann", false);
  CHECK(finish(ticket) == "disabled");
  service::enable_user(world.realm(), world.cause(), "ann");
  world.clock().advance(1h);
  ticket = begin();
  service::delete_user(world.realm(), world.cause(), "ann", false);
  CHECK(finish(ticket) == "unknown_user");
  CHECK(test::number(world.db(), "SELECT COUNT(*) FROM lockout_counter WHERE user_id IS NOT NULL") == 0);
}

TEST_CASE("each lock and each unlock is in the log with its cause") {
  SignInWorld world(GENERATE(test::each_engine()));
  world.add("ann");
  for (int i = 0; i < 3; ++i) world.sign_in("ann", wrong);
  CHECK(entries(world, "auth.lockout", "denied") == 2);  // the account and the address
  world.clock().advance(2s);
  CHECK(verdict(world.sign_in("ann", right)) == "allowed");
  CHECK(entries(world, "auth.lockout", "success") == 2);
  CHECK(world.view("ann").failed_attempts == 0);
  world.clock().advance(2min);
  for (int i = 0; i < 3; ++i) world.sign_in("ann", wrong, elsewhere);
  const auto outcome =
      service::clear_lockout(world.realm(), world.cause(), world.policy.lockout, std::string(elsewhere));
  CHECK(outcome.cleared);
  CHECK_FALSE(
      service::clear_lockout(world.realm(), world.cause(), world.policy.lockout, "192.0.2.200").cleared);
  CHECK(test::number(world.db(),
                     "SELECT COUNT(*) FROM audit_entry WHERE action = 'auth.lockout' AND actor = 'os:tester' "
                     "AND outcome = 'success' AND target_kind = 'address'") == 1);
}

TEST_CASE("from the tenth on the refusals of one source in a minute are one entry, and none is lost") {
  SignInWorld world(GENERATE(test::each_engine()));
  world.policy.lockout = {1'000'000, 0s, 0s};
  for (int i = 0; i < 40; ++i)
    world.sign_in("ghost" + std::to_string(i), wrong, "2001:db8::" + std::to_string(i));
  CHECK(entries(world, "auth.login", "denied") == service::refusals_at_once);
  CHECK(entries(world, "auth.login", "denied") == 9);
  world.sign_in("ghost", wrong, "192.0.2.1");
  CHECK(entries(world, "auth.login", "denied") == 10);
  service::sum_up_refusals(world.realm());
  CHECK(entries(world, "auth.login", "denied") == 10);
  world.clock().advance(1min);
  world.sign_in("ghost", wrong, "192.0.2.1");
  service::sum_up_refusals(world.realm());
  service::sum_up_refusals(world.realm());
  CHECK(entries(world, "auth.login", "denied") == 12);
  const auto rows = world.db().query(
      "SELECT ip, detail, actor FROM audit_entry WHERE target_kind = 'address' ORDER BY seq");
  REQUIRE(rows->next());
  CHECK(rows->text(0) == "2001:db8::/64");
  CHECK(rows->text(1) == R"({"count":31,"minute":"2026-01-01T00:00:00Z"})");
  CHECK(rows->text(2) == "anonymous");
}

TEST_CASE("the limit of one name is not met by another, so it ties no e-mail to a name") {
  SignInWorld world(GENERATE(test::each_engine()));
  world.add("ann", "ann@example.com");
  const auto rate = [&](std::string_view typed, std::string_view address) {
    return service::rates_of_sign_in(world.db(), typed, address).back();
  };
  const auto strangers = rate("ann", elsewhere);
  CHECK(strangers == rate("ANN", "203.0.113.200"));
  CHECK(strangers != rate("ann@example.com", elsewhere));
  CHECK(strangers != rate(world.view("ann").id, elsewhere));
  CHECK(rate("Ann@Example.com", elsewhere) == rate("ann@example.com", "2001:db8::1"));
  CHECK(rate("Nobody", elsewhere) == rate("nobody", "203.0.113.200"));
  // What a name is, shows in nothing: with and without an account it has the same count.
  SignInWorld empty(store::Engine::sqlite);
  CHECK(strangers == service::rates_of_sign_in(empty.db(), "ann", elsewhere).back());
  REQUIRE(world.sign_in("ann", right, "2001:db8::7").accepted());
  CHECK(rate("ann", "2001:db8::8") != strangers);
  CHECK(rate("ann", "2001:db8::8") == rate("ann@example.com", "2001:db8::9"));
  CHECK(rate("ann", "2001:db8:0:1::8") == strangers);
  CHECK(rate("ann", elsewhere) == strangers);
}

TEST_CASE("a server that ends sums up the minute that is not over too, however many sources there are") {
  SignInWorld world(GENERATE(test::each_engine()));
  for (int source = 0; source < 300; ++source) {
    const auto from =
        SignInWorld::from("10.0." + std::to_string(source / 200) + "." + std::to_string(source % 200));
    service::change(world.realm(), service::Cause{"anonymous", from.ip, "", "", false},
                    [&](service::Change& c) {
                      for (int i = 0; i < 11; ++i)
                        service::record_refusal(
                            c, {"auth.refresh", {}, audit::Outcome::denied, {{"refusal", "unknown"}}});
                    });
  }
  service::sum_up_all_refusals(world.realm());
  CHECK(entries(world, "auth.refresh", "denied") == 300 * 10);
  CHECK(test::number(world.db(), "SELECT COUNT(*) FROM refusal_tally") == 0);
}

TEST_CASE("a store that fails during a sign-in lets nobody in and loses no count") {
  SignInWorld world(store::Engine::sqlite);
  world.add("ann");
  const auto ticket =
      service::begin_sign_in(world.realm(), SignInWorld::from(home), world.policy, {"ann", "login"});
  const auto verified = service::verify_ticket(ticket, base::Secret(right), world.random());
  service::SignIn sign_in;
  test::fail_at_every_call(world, [&] {
    sign_in = service::finish_sign_in(world.realm(), SignInWorld::from(home), world.policy, ticket, verified);
  });
  CHECK(sign_in.accepted());
  test::fail_at_every_call(world, [&] {
    service::begin_sign_in(world.realm(), SignInWorld::from(elsewhere), world.policy, {"ann", "login"});
  });
  CHECK(world.view("ann").failed_attempts == 1);
}

TEST_CASE(
    "two sign-ins at once with an old hash are both right, and a password that was changed meanwhile is "
    "not") {
  SignInWorld world(GENERATE(test::each_engine()));
  world.add("ann");
  world.policy.cost.memory_kib *= 2;  // what is stored is of yesterday
  const auto who = SignInWorld::from(home);
  const auto begin = [&] {
    return service::begin_sign_in(world.realm(), who, world.policy,
                                  {"ann", "login", service::Purpose::sign_in});
  };
  const auto finish = [&](const service::SignInTicket& ticket, std::string_view password) {
    const auto verified = service::verify_ticket(ticket, base::Secret(password), world.random());
    return verdict(service::finish_sign_in(world.realm(), who, world.policy, ticket, verified));
  };
  const auto first = begin(), second = begin();
  CHECK(finish(first, right) == "allowed");
  CHECK(finish(second, right) == "allowed");

  world.policy.cost.memory_kib *= 2;
  const auto late = begin();
  world.clock().advance(1s);
  service::PasswordRequest request;
  request.user = "ann";
  request.password = base::Secret("another violin altogether");
  service::set_password(world.realm(), world.cause(), request, {{}, world.policy.cost});
  CHECK(finish(late, right) == "wrong_password");
}
