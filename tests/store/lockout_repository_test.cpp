#include "core/store/lockout_repository.h"

#include "tests/support/catch.h"
#include "tests/support/stores.h"

using namespace authctl;
using store::CounterKind;

namespace {

void count(store::Database& db, CounterKind kind, const std::string& subject, std::int64_t seconds) {
  store::CounterRow row;
  row.kind = kind;
  row.subject = subject;
  row.state = {1, base::from_unix_seconds(1767225600 + seconds)};
  store::put_counter(db, row);
}

}  // namespace

TEST_CASE("counters are listed and forgotten along an index, whatever their number") {
  test::Store store;
  test::check_no_scan(store.db(), store::list_counters_sql(false));
  test::check_no_scan(store.db(), store::list_counters_sql(true));
  test::check_no_scan(store.db(), store::forget_addresses_sql());
}

TEST_CASE("the latest failure is listed first, page after page, and counters of nobody are not") {
  test::Store store(GENERATE(test::each_engine()));
  for (int i = 0; i < 7; ++i) count(store.db(), CounterKind::ip, "192.0.2." + std::to_string(i), i / 2);
  count(store.db(), CounterKind::unknown, "17", 9);
  count(store.db(), CounterKind::own, "somebody 192.0.2.1", 9);
  std::vector<std::string> listed;
  std::optional<store::CounterRow> after;
  for (auto page = store::list_counters(store.db(), after, 2); !page.empty();
       page = store::list_counters(store.db(), after, 2)) {
    for (const auto& row : page) listed.push_back(row.subject);
    after = page.back();
  }
  CHECK(listed == std::vector<std::string>{"192.0.2.6", "192.0.2.5", "192.0.2.4", "192.0.2.3", "192.0.2.2",
                                           "192.0.2.1", "192.0.2.0"});
}
