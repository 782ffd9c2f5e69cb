#include "core/service/sealed_values.h"

#include <chrono>
#include <thread>

#include "core/audit/sealed_detail.h"
#include "core/base/error.h"
#include "core/base/text.h"
#include "core/store/data_key_repository.h"
#include "core/store/paced_writing.h"
#include "core/store/sealed_columns.h"
#include "core/store/snapshot.h"

namespace authctl::service {
namespace {

using store::SealedColumn;

constexpr std::int64_t values_a_page = 64;

struct SealedValue {
  std::string row;
  base::Bytes sealed;
};

std::string path_of(const SealedColumn& column) {
  return std::string(column.table) + "/" + std::string(column.column);
}

std::vector<SealedValue> page_after(store::Database& db, const SealedColumn& column,
                                    const std::string& last) {
  const std::string row(column.row);
  std::string sql = "SELECT " + row + ", " + std::string(column.column) + " FROM " +
                    std::string(column.table) + " WHERE " + row + " > $1";
  if (!column.which.empty()) sql.append(" AND ").append(column.which);
  sql += " ORDER BY " + row + " LIMIT $2";
  const auto rows = db.query(sql, {last, values_a_page});
  std::vector<SealedValue> page;
  while (rows->next()) page.push_back({rows->string(0), rows->bytes(1)});
  return page;
}

bool opens(const crypto::Sealer& sealer, const SealedColumn& column, const SealedValue& value) {
  try {
    static_cast<void>(sealer.open(value.sealed, {column.table, column.column, value.row}));
    return true;
  } catch (const base::Error& error) {
    if (error.code() != base::ErrorCode::unverified) throw;
    return false;
  }
}

ColumnCheck check_column(store::Database& db, const crypto::Sealer& sealer, const SealedColumn& column) {
  ColumnCheck check{path_of(column), 0, {}};
  for (std::string last;;) {
    const auto page = page_after(db, column, last);
    if (page.empty()) return check;
    for (const auto& value : page)
      if (!opens(sealer, column, value)) check.unreadable.push_back(value.row);
    check.values += static_cast<std::int64_t>(page.size());
    last = page.back().row;
  }
}

// Details of the log from before identifiers were sealed. Nothing here is ever sealed anew: their key hangs
// on the root of the data key, which stays.
std::optional<ColumnCheck> check_log(store::Database& db, const crypto::Sealer& sealer) {
  if (store::key_state(db).identifiers == store::IdentifierState::clear) return std::nullopt;
  ColumnCheck check{"audit_entry/detail", 0, {}};
  const audit::DetailKey key(sealer);
  const auto rows = db.query("SELECT seq, detail FROM audit_entry ORDER BY seq", {});
  while (rows->next()) {
    if (!audit::DetailKey::is_sealed(rows->text(1))) continue;
    ++check.values;
    if (!key.opens(rows->text(1), rows->integer(0)))
      check.unreadable.push_back(std::to_string(rows->integer(0)));
  }
  return check;
}

// One column, page after page.
class Resealing {
 public:
  Resealing(Realm& realm, const SealedColumn& column) : realm_(realm), column_(column) {}

  // False: there is nothing left.
  bool step() {
    const auto page = page_after(realm_.db(), column_, last_);
    for (const auto& value : page) take(value);
    seen += static_cast<std::int64_t>(page.size());
    if (!page.empty()) last_ = page.back().row;
    return !page.empty();
  }

  std::int64_t seen = 0, resealed = 0;

 private:
  void take(const SealedValue& value) {
    const crypto::Place place{column_.table, column_.column, value.row};
    const auto& sealer = realm_.sealer();
    if (sealer.is_current(value.sealed, place)) return;
    const auto plain = sealer.open(value.sealed, place);
    const auto sealed = sealer.seal(plain.reveal(), place, realm_.random());
    const std::string column(column_.column), row(column_.row);
    resealed += realm_.db().execute("UPDATE " + std::string(column_.table) + " SET " + column +
                                        " = $1 WHERE " + row + " = $2 AND " + column + " = $3",
                                    {sealed, value.row, value.sealed});
  }

  Realm& realm_;
  const SealedColumn& column_;
  std::string last_;
};

}  // namespace

std::vector<ColumnCheck> check_sealed_values(store::Database& db, const crypto::Sealer& sealer) {
  const store::Snapshot one_view(db);
  std::vector<ColumnCheck> checks;
  for (const auto& column : store::sealed_columns) checks.push_back(check_column(db, sealer, column));
  if (auto log = check_log(db, sealer)) checks.push_back(std::move(*log));
  return checks;
}

std::vector<std::string> unreadable_values(store::Database& db, const crypto::Sealer& sealer) {
  std::vector<std::string> found;
  for (const auto& check : check_sealed_values(db, sealer))
    for (const auto& row : check.unreadable) found.push_back(check.column + "/" + base::printable(row));
  return found;
}

void let_servers_follow() { std::this_thread::sleep_for(std::chrono::milliseconds(150)); }

std::int64_t reseal_values(Realm& realm, const std::function<void(std::int64_t)>& done) {
  store::PacedWriting writing(realm.db());
  std::int64_t seen = 0, resealed = 0;
  for (const auto& column : store::sealed_columns) {
    Resealing work(realm, column);
    writing.run(
        [&] {
          done(seen + work.seen);
          realm.check_keys(store::key_epoch(realm.db()));
        },
        [&] { return work.step(); });
    seen += work.seen;
    resealed += work.resealed;
  }
  writing.sync();
  return resealed;
}

}  // namespace authctl::service
