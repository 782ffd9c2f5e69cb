// Migration 9: backups. See schema.sql.h for the placeholders.
#pragma once
#include <string_view>

namespace authctl::store {

inline constexpr std::string_view schema_9 = R"sql(
-- Backups that were made of this store: what `doctor` asks when it wants to know how much could be lost.
CREATE TABLE backup (
  id          TEXT PRIMARY KEY,
  file        TEXT NOT NULL,  -- as it was named; the file itself may be anywhere by now
  opened_by   TEXT NOT NULL CHECK (opened_by IN ('master key', 'passphrase')),
  started_at  {int} NOT NULL,
  finished_at {int},          -- null: it never ended
  verified_at {int},
  log_size    {int},          -- entries of the audit log that are in it
  bytes       {int}
) {strict};
CREATE INDEX backup_started ON backup (started_at);
)sql";

}  // namespace authctl::store
