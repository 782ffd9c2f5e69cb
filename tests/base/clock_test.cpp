#include "core/base/clock.h"

#include "tests/support/catch.h"

using namespace authctl;

TEST_CASE("an exact time is read back to the millisecond") {
  CHECK(base::to_rfc3339_exact(base::from_unix_millis(1500)) == "1970-01-01T00:00:01.500Z");
  CHECK(base::to_rfc3339_exact(base::from_unix_millis(2000)) == "1970-01-01T00:00:02Z");
  for (const auto millis : {7LL, 999LL, 1000LL, 4102444800345LL})
    CHECK(base::parse_timestamp(base::to_rfc3339_exact(base::from_unix_millis(millis))) ==
          base::from_unix_millis(millis));
}
