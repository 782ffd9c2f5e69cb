#include "core/service/audit_activity.h"

#include "core/service/change.h"
#include "tests/support/realms.h"

using namespace authctl;

namespace {

void write(test::TestRealm& test, const std::string& action, audit::Outcome outcome, const std::string& ip) {
  auto cause = test.cause();
  cause.ip = ip;
  service::change(test.realm(), cause, [&](service::Change& change) {
    change.record({.action = action, .target = {"user", "id", "ann"}, .outcome = outcome});
  });
}

}  // namespace

TEST_CASE("activity counts the last two days by hour and kind, and refusals by address, masked") {
  test::TestRealm test(GENERATE(test::each_engine()));
  write(test, "user.create", audit::Outcome::success, "");
  test.clock().advance(std::chrono::hours(100));  // the entry above is too old to be shown
  write(test, "user.create", audit::Outcome::success, "");
  test.clock().advance(std::chrono::hours(3));
  for (int i = 0; i < 3; ++i) write(test, "auth.login", audit::Outcome::denied, "203.0.113.9");
  write(test, "auth.login", audit::Outcome::failure, "198.51.100.7");
  const auto activity = service::audit_activity(test.realm(), test.clock().now());
  CHECK(activity.entries == 5);
  CHECK(activity.refused == 4);
  REQUIRE(activity.kinds.size() == 2);
  CHECK(activity.kinds[0].first == "auth");
  CHECK(activity.kinds[0].second.back() == 4);
  CHECK(activity.kinds[1].first == "user");
  CHECK(activity.kinds[1].second[service::hours_shown - 4] == 1);
  REQUIRE(activity.refused_by_address.size() == 2);
  CHECK(activity.refused_by_address[0] == std::pair<std::string, std::int64_t>("203.0.***.***", 3));
}

TEST_CASE("an empty log has an activity without entries") {
  test::TestRealm test(GENERATE(test::each_engine()));
  const auto activity = service::audit_activity(test.realm(), test.clock().now());
  CHECK(activity.entries == 0);
  CHECK(activity.kinds.empty());
}
