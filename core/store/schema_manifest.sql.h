// Migration 7: what a manifest owns. See schema.sql.h for the placeholders.
#pragma once
#include <string_view>

namespace authctl::store {

inline constexpr std::string_view schema_7 = R"sql(
-- What the last apply set: of each thing a keyed hash of each field (service/applied.h), never a value. By the
-- thing's id, so that another thing of the same name that somebody made later is not taken for it.
CREATE TABLE manifest_thing (
  kind       TEXT NOT NULL CHECK (kind IN ('role', 'user', 'client', 'key', 'setting')),
  id         TEXT NOT NULL,
  owned      {int} NOT NULL,  -- 1: an apply made it, or somebody said `adopt`; --prune deletes no other
  applied    TEXT NOT NULL,
  applied_at {int} NOT NULL,
  PRIMARY KEY (kind, id)
) {strict};

-- Settings that a manifest set: they hold where no flag, variable or file says otherwise.
CREATE TABLE stored_setting (
  name       TEXT PRIMARY KEY,
  value      TEXT NOT NULL,
  updated_at {int} NOT NULL
) {strict};
)sql";

}  // namespace authctl::store
