#include "core/audit/log.h"

#include "core/audit/query.h"
#include "core/audit/verification.h"
#include "core/base/error.h"
#include "core/service/change.h"
#include "tests/support/realms.h"

using namespace authctl;

namespace {

void write_together(test::TestRealm& test, std::int64_t count) {
  service::change(test.realm(), test.cause(), [&](service::Change& change) {
    for (std::int64_t i = 0; i < count; ++i)
      change.record(
          {.action = "user.create", .target = {"user", "id", "n" + std::to_string(i)}, .detail = {}});
  });
}

std::int64_t newest(test::TestRealm& test) {
  return test::number(test.db(), "SELECT COALESCE(MAX(seq), 0) FROM audit_entry");
}

}  // namespace

TEST_CASE("the entries of one change are whole, in their order and found, however many they are") {
  test::TestRealm test(GENERATE(test::each_engine()));
  std::int64_t written = newest(test);
  // Over the portions in which they are written and the blocks in which they are indexed.
  for (const std::int64_t count : {1, 31, 32, 33, 64, 65, 200}) {
    INFO(count << " entries behind " << written);
    write_together(test, count);
    written += count;
    REQUIRE(newest(test) == written);
    const auto last = test.db().query("SELECT target_name FROM audit_entry WHERE seq = $1", {written});
    REQUIRE(last->next());
    CHECK(last->text(0) == "n" + std::to_string(count - 1));
  }
  audit::VerifyRequest request;
  request.sealer = &test.realm().sealer();
  const auto verified = audit::verify_log(test.db(), request);
  CHECK(verified.verdict == audit::LogVerdict::intact);
}

TEST_CASE("a change is refused where an entry stands already that the log never wrote") {
  test::TestRealm test(GENERATE(test::each_engine()));
  write_together(test, 2);
  const auto forged = newest(test) + 40;  // in the second portion
  test.db().execute(
      "INSERT INTO audit_entry (seq, time, actor, action, target_kind, target_id, target_name, outcome, ip, "
      "reason, "
      "detail, leaf, mac) SELECT $1, time, actor, action, target_kind, target_id, target_name, outcome, ip, "
      "reason, "
      "detail, leaf, mac FROM audit_entry WHERE seq = $2",
      {forged, newest(test)});
  const auto before = test::dump(test.db());
  try {
    write_together(test, 70);
    FAIL("it was written over");
  } catch (const base::Error& error) {
    CHECK(error.code() == base::ErrorCode::unverified);
  }
  CHECK(test::dump(test.db()) == before);
}
