#include "core/service/store_care.h"

#include "core/base/error.h"
#include "core/service/change.h"
#include "core/store/migrations.h"

namespace authctl::service {
namespace {

base::json::array tables_json(const std::vector<store::TableCount>& tables) {
  base::json::array rows;
  for (const auto& [table, count] : tables) rows.push_back({{"table", table}, {"rows", count}});
  return rows;
}

void refuse_unless_empty(const std::string& url) {
  if (!store::store_exists(url)) return;
  for (const auto& [table, rows] :
       store::count_rows(*store::open_database(url, store::OpenMode::read_only))) {
    if (rows == 0) continue;
    throw base::Error(base::ErrorCode::conflict, "there is a store at the target already",
                      "name another target");
  }
}

}  // namespace

MigrationReport migrate_store(const OpenRequest& request, const Cause& cause, const base::Clock& clock,
                              base::Random& random) {
  MigrationReport report;
  report.from = store::applied_version(*store::open_database(request.store_url, store::OpenMode::read_only));
  report.to = store::newest_schema();
  for (const auto& migration : store::migrations()) {
    if (migration.version > report.from) report.applied.emplace_back(migration.name);
  }
  if (cause.dry_run || report.applied.empty()) return report;
  Realm realm = open_realm(request, clock, random);  // opening it brings it up to date
  change(realm, cause, [&](Change& change) {
    change.record({"store.migrate",
                   {"store", "", ""},
                   audit::Outcome::success,
                   {{"from", report.from}, {"to", report.to}}});
  });
  return report;
}

CopyReport copy_store(Realm& realm, const Cause& cause, const std::string& from_url,
                      const std::string& to_url) {
  CopyReport report{store::printable_url(from_url), store::printable_url(to_url), {}, {}};
  refuse_unless_empty(to_url);
  if (cause.dry_run) {
    report.tables = store::count_rows(realm.db());
    return report;
  }
  change(realm, cause, [&](Change& change) {
    change.record({"store.copy", {"store", "", report.to}, audit::Outcome::success, {{"to", report.to}}});
  });
  const auto to = store::open_database(to_url, store::OpenMode::create);
  report.tables = store::copy_store(realm.db(), *to);
  report.log =
      audit::verify_log(*to, {.sealer = &realm.sealer(), .public_key = {}, .checkpoint = {}, .progress = {}});
  return report;
}

base::json::object migration_json(const MigrationReport& report) {
  base::json::array applied;
  for (const auto& name : report.applied) applied.emplace_back(name);
  return {{"from", report.from}, {"to", report.to}, {"applied", std::move(applied)}};
}

base::json::object copy_json(const CopyReport& report) {
  base::json::object json{
      {"from", report.from}, {"to", report.to}, {"tables", tables_json(report.tables)}, {"log", nullptr}};
  if (report.log) json["log"] = audit::word_of(report.log->verdict);
  return json;
}

base::json::object check_json(const store::StoreCheck& check) {
  base::json::array problems;
  for (const auto& problem : check.problems) problems.emplace_back(problem);
  return {{"ok", check.problems.empty()},
          {"engine", check.engine == store::Engine::sqlite ? "sqlite" : "postgresql"},
          {"schema", check.schema},
          {"problems", std::move(problems)},
          {"tables", tables_json(check.tables)}};
}

}  // namespace authctl::service
