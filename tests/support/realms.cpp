#include "tests/support/realms.h"

#include "core/audit/log.h"
#include "core/base/error.h"
#include "core/store/tables.h"

namespace authctl::test {

// SplitMix64 (public domain, Steele, Lea and Flood 2014): well spread, and plainly no generator for secrets.
void SeededRandom::fill(std::span<std::uint8_t> out) {
  for (auto& byte : out) {
    std::uint64_t z = state_.fetch_add(0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    byte = static_cast<std::uint8_t>((z ^ (z >> 31)) & 0xff);
  }
}

store::Database& FailingDatabase::counted() {
  ++calls_;
  if (fail_at_ != 0 && calls_ >= fail_at_)
    throw base::Error(base::ErrorCode::unavailable, "the store fails, as it was told to");
  return *inner_;
}

std::unique_ptr<store::Rows> FailingDatabase::query(std::string_view sql,
                                                    std::span<const store::Value> values) {
  return counted().query(sql, values);
}

std::int64_t FailingDatabase::execute(std::string_view sql, std::span<const store::Value> values) {
  return counted().execute(sql, values);
}

TestRealm::TestRealm(store::Engine engine) : store_(engine), key_(crypto::make_sealing_key(random_)) {
  auto failing = std::make_unique<FailingDatabase>(store_.release());
  failing_ = failing.get();
  realm_ = over(std::move(failing));
  store::Transaction transaction(db());
  audit::create_log(db(), realm_->sealer(), random_);
  transaction.commit();
}

std::unique_ptr<service::Realm> TestRealm::over(std::unique_ptr<store::Database> db) {
  return std::make_unique<service::Realm>(std::move(db), crypto::Sealer(key_.clone()), clock_, random_);
}

std::vector<std::string> logged_actions(store::Database& db) {
  std::vector<std::string> actions;
  const auto rows = db.query("SELECT action FROM audit_entry ORDER BY seq");
  while (rows->next()) actions.push_back(rows->string(0));
  return actions;
}

std::string dump(store::Database& db) {
  std::string all;
  for (const auto& table : store::tables()) {
    std::vector<std::string> lines;
    const auto rows = db.query("SELECT * FROM " + table.name);
    while (rows->next()) {
      std::string line = table.name;
      for (int i = 0; i < static_cast<int>(table.columns.size()); ++i) {
        line += '|';
        if (rows->is_null(i))
          line += "null";
        else if (table.columns[static_cast<std::size_t>(i)].type == store::ColumnType::integer)
          line += std::to_string(rows->integer(i));
        else
          line += base::encode_hex(rows->blob(i));
      }
      lines.push_back(std::move(line));
    }
    std::sort(lines.begin(), lines.end());
    for (const auto& line : lines) all += line + '\n';
  }
  return all;
}

void fail_at_every_call(TestRealm& test, const std::function<void()>& work) {
  const std::string before = dump(test.db());
  for (std::int64_t n = 1;; ++n) {
    INFO("failing at call " << n);
    test.failing().fail_at(n);
    try {
      work();
      test.failing().fail_at(0);
      REQUIRE(n > 1);  // else it never asked the store
      return;
    } catch (const base::Error& error) {
      test.failing().fail_at(0);
      CHECK(error.code() == base::ErrorCode::unavailable);
    }
    REQUIRE(dump(test.db()) == before);
  }
}

}  // namespace authctl::test
