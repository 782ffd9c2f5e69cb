#include "core/base/error.h"
#include "core/service/change.h"
#include "tests/support/realms.h"

using namespace authctl;

TEST_CASE("a change that fails at any call to the store leaves nothing behind") {
  test::TestRealm test(GENERATE(test::each_engine()));
  test::fail_at_every_call(test, [&] {
    service::change(test.realm(), test.cause(), [](service::Change& change) {
      change.db().execute("INSERT INTO store_meta (name, value) VALUES ($1, $2)", {"a", base::Bytes{1}});
      change.record({"store.test", {"store", "a", "a"}, audit::Outcome::success, {}});
    });
  });
  CHECK(test::number(test.db(), "SELECT COUNT(*) FROM store_meta WHERE name = $1", {"a"}) == 1);
  CHECK(test::number(test.db(), "SELECT COUNT(*) FROM audit_entry") == 1);
}
