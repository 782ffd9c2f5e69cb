#include "core/store/row_batch.h"

#include "core/base/error.h"
#include "tests/support/stores.h"

using namespace authctl;
using store::RowInsert;

namespace {

const RowInsert insert("INSERT INTO store_meta (name, value)", 2);
const RowInsert insert_new("INSERT INTO store_meta (name, value)", 2, "ON CONFLICT DO NOTHING");
const RowInsert insert_or_set("INSERT INTO store_meta (name, value)", 2,
                              "ON CONFLICT (name) DO UPDATE SET value = excluded.value");

base::Bytes value_of(std::size_t i) { return base::Bytes(i % 3, static_cast<std::uint8_t>(i)); }

void add_rows(store::RowBatch& batch, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    const auto name = "row" + std::to_string(i);  // gone when it is written
    batch.add({name, base::ByteView(value_of(i))});
  }
}

}  // namespace

TEST_CASE("every row of a batch is there when it is flushed, whatever their number") {
  test::Store store(GENERATE(test::each_engine()));
  const std::size_t portion = RowInsert::portion;
  const std::size_t count =
      GENERATE_COPY(values<std::size_t>({0, 1, portion - 1, portion, portion + 1, 2 * portion + 7}));
  const auto before = test::number(store.db(), "SELECT COUNT(*) FROM store_meta");
  store::RowBatch batch(store.db(), insert, count);
  add_rows(batch, count);
  batch.flush();
  batch.flush();  // nothing is left
  CHECK(test::number(store.db(), "SELECT COUNT(*) FROM store_meta") ==
        before + static_cast<std::int64_t>(count));
  for (std::size_t i = 0; i < count; ++i) {
    const auto rows =
        store.db().query("SELECT value FROM store_meta WHERE name = $1", {"row" + std::to_string(i)});
    REQUIRE(rows->next());
    CHECK(rows->bytes(0) == value_of(i));
  }
}

TEST_CASE("rows of a batch that are there already are a conflict, passed over or set anew, as was asked") {
  test::Store store(GENERATE(test::each_engine()));
  store::RowBatch first(store.db(), insert, 40);
  add_rows(first, 40);
  first.flush();
  const auto again = [&] {
    store::RowBatch batch(store.db(), insert, 1);
    add_rows(batch, 1);
    batch.flush();
  };
  CHECK_THROWS_AS(again(), base::Error);
  CHECK(first.taken() == 40);
  store::RowBatch more(store.db(), insert_new, 75);
  add_rows(more, 75);
  more.flush();
  CHECK(more.taken() == 35);
  store::RowBatch set(store.db(), insert_or_set, 40);
  for (std::size_t i = 0; i < 40; ++i)
    set.add({"row" + std::to_string(i), base::ByteView(base::bytes_of("set"))});
  set.flush();
  CHECK(test::number(store.db(), "SELECT COUNT(*) FROM store_meta WHERE length(value) = 3") >= 40);
}
