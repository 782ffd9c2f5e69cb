#include "core/store/manifest_repository.h"

#include "core/store/row_batch.h"

namespace authctl::store {
namespace {

ManifestRow read_row(const Rows& rows) {
  return {rows.string(0), rows.string(1), rows.boolean(2), rows.string(3), rows.time(4)};
}

}  // namespace

std::optional<ManifestRow> find_manifest_row(Database& db, std::string_view kind, std::string_view id) {
  const auto rows =
      db.query("SELECT kind, id, owned, applied, applied_at FROM manifest_thing WHERE kind = $1 AND id = $2",
               {kind, id});
  if (!rows->next()) return std::nullopt;
  return read_row(*rows);
}

std::vector<ManifestRow> manifest_rows(Database& db, std::string_view kind) {
  const auto rows = db.query(
      "SELECT kind, id, owned, applied, applied_at FROM manifest_thing WHERE kind = $1 ORDER BY id", {kind});
  std::vector<ManifestRow> all;
  while (rows->next()) all.push_back(read_row(*rows));
  return all;
}

void put_manifest_rows(Database& db, std::span<const ManifestRow> rows) {
  static const RowInsert insert("INSERT INTO manifest_thing (kind, id, owned, applied, applied_at)", 5,
                                "ON CONFLICT (kind, id) DO UPDATE SET owned = excluded.owned, applied = "
                                "excluded.applied, applied_at = excluded.applied_at");
  RowBatch batch(db, insert, rows.size());
  for (const auto& row : rows) batch.add({row.kind, row.id, row.owned, row.applied, row.applied_at});
  batch.flush();
}

void delete_manifest_row(Database& db, std::string_view kind, std::string_view id) {
  db.execute("DELETE FROM manifest_thing WHERE kind = $1 AND id = $2", {kind, id});
}

std::map<std::string, std::string> stored_settings(Database& db) {
  const auto rows = db.query("SELECT name, value FROM stored_setting ORDER BY name");
  std::map<std::string, std::string> all;
  while (rows->next()) all.emplace(rows->string(0), rows->string(1));
  return all;
}

void put_stored_setting(Database& db, std::string_view name, std::string_view value, base::Timestamp now) {
  db.execute(
      "INSERT INTO stored_setting (name, value, updated_at) VALUES ($1, $2, $3) "
      "ON CONFLICT (name) DO UPDATE SET value = excluded.value, updated_at = excluded.updated_at",
      {name, value, now});
}

void delete_stored_setting(Database& db, std::string_view name) {
  db.execute("DELETE FROM stored_setting WHERE name = $1", {name});
}

}  // namespace authctl::store
