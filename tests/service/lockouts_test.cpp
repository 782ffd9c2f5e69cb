// What operators see of the counters, where a name is nobody's or looks like an address.
#include "core/service/lockouts.h"

#include "core/base/error.h"
#include "tests/service/key_world.h"
#include "tests/service/sign_in_world.h"

using namespace authctl;
using namespace std::chrono_literals;
using test::elsewhere;
using test::home;
using test::right;
using test::SignInWorld;
using test::wrong;

TEST_CASE("failures at a name that nobody has are shown and cleared by that name") {
  SignInWorld world(GENERATE(test::each_engine()));
  const auto& policy = world.policy.lockout;
  const auto show = [&](const std::string& name) {
    return service::show_lockout(world.realm(), policy, name);
  };
  CHECK(test::code_of([&] { show("ghost"); }) == base::ErrorCode::not_found);
  for (int i = 0; i < 3; ++i) world.sign_in("Ghost", wrong);
  for (const auto* spelling : {"ghost", "GHOST"}) {
    const auto view = show(spelling);
    CHECK(view.subject == "ghost");
    CHECK(view.kind == "account");
    CHECK(view.failed_attempts == 3);
    CHECK(view.locked_until == world.clock().now() + 1s);
    CHECK(view.last_ip == std::string(home));
    CHECK(view.of_nobody);
  }
  CHECK(test::code_of([&] { show("nobody-else"); }) == base::ErrorCode::not_found);
  world.clock().advance(2s);
  const auto outcome = service::clear_lockout(world.realm(), world.cause(), policy, "ghost");
  CHECK(outcome.cleared);
  CHECK(outcome.lockout.failed_attempts == 0);
  CHECK(test::code_of([&] { show("ghost"); }) == base::ErrorCode::not_found);
  // Nothing that a stranger typed gets into the log.
  CHECK(test::dump(world.db()).find("ghost") == std::string::npos);
}

TEST_CASE("a name that somebody has is shown by the account's own counter alone") {
  SignInWorld world(store::Engine::sqlite);
  for (int i = 0; i < 3; ++i) world.sign_in("ann", wrong, elsewhere);
  world.add("ann");
  const auto view = service::show_lockout(world.realm(), world.policy.lockout, "ann");
  CHECK(view.failed_attempts == 0);
  CHECK_FALSE(view.of_nobody);
}

TEST_CASE("a list is not gone on with after a name that nobody has") {
  SignInWorld world(store::Engine::sqlite);
  for (int i = 0; i < 3; ++i) world.sign_in("ghost", wrong);
  service::LockoutQuery query;
  query.after = "ghost";
  CHECK(test::code_of([&] { service::list_lockouts(world.realm(), world.policy.lockout, query); }) ==
        base::ErrorCode::not_found);
}

TEST_CASE("a user whose name is an address is shown, cleared and gone on after by its id") {
  SignInWorld world(GENERATE(test::each_engine()));
  const auto& policy = world.policy.lockout;
  const auto id = world.add("192.0.2.1");
  world.add("ann");
  for (int i = 0; i < 3; ++i) world.sign_in("192.0.2.1", wrong, elsewhere);
  world.sign_in("ann", wrong, home);
  const auto listed = [&](const std::string& after) {
    std::vector<std::string> subjects;
    service::LockoutQuery query;
    query.after = after;
    for (const auto next = service::list_lockouts(world.realm(), policy, query); const auto view = next();)
      if (view->kind == "account") subjects.push_back(view->subject);
    return subjects;
  };
  for (const auto& subject : listed("")) {
    const auto view = service::show_lockout(world.realm(), policy, subject);
    CHECK(view.subject == subject);
    CHECK(view.kind == "account");
    CHECK_NOTHROW(listed(subject));
  }
  const auto of_address = service::show_lockout(world.realm(), policy, "192.0.2.1");
  CHECK(of_address.kind == "ip");
  CHECK(of_address.failed_attempts == 0);
  CHECK(of_address.namesake == id);
  CHECK(service::show_lockout(world.realm(), policy, "192.0.2.2").namesake.empty());
  CHECK(service::show_lockout(world.realm(), policy, id).failed_attempts == 3);
  CHECK_FALSE(service::clear_lockout(world.realm(), world.cause(), policy, "192.0.2.1").cleared);
  CHECK(service::clear_lockout(world.realm(), world.cause(), policy, id).cleared);
  CHECK(listed("") == std::vector<std::string>{"ann"});
}
