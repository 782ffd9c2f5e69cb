#include "core/store/data_key_repository.h"

namespace authctl::store {

std::vector<WrappedKey> list_data_keys(Database& db) {
  std::vector<WrappedKey> keys;
  const auto rows = db.query("SELECT master_key_id, wrapped FROM data_key ORDER BY created_at");
  while (rows->next()) keys.push_back({rows->string(0), rows->bytes(1)});
  return keys;
}

void insert_data_key(Database& db, const WrappedKey& key, base::Timestamp now) {
  db.execute("INSERT INTO data_key (master_key_id, wrapped, created_at) VALUES ($1, $2, $3)",
             {key.master_key_id, key.wrapped, now});
}

std::optional<base::Bytes> find_meta(Database& db, std::string_view name) {
  const auto rows = db.query("SELECT value FROM store_meta WHERE name = $1", {name});
  if (!rows->next()) return std::nullopt;
  return rows->bytes(0);
}

void set_meta(Database& db, std::string_view name, base::ByteView value) {
  db.execute(
      "INSERT INTO store_meta (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = "
      "excluded.value",
      {name, value});
}

}  // namespace authctl::store
