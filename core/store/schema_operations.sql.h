// Migration 9: backups and incidents. See schema.sql.h for the placeholders.
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

-- What was contained, and how far it got: a run that died is gone on with. No name stands here: a subject is
-- the id of a user, a kid, or empty for the whole store.
CREATE TABLE incident (
  id          TEXT PRIMARY KEY,
  scope       TEXT NOT NULL CHECK (scope IN ('user', 'key', 'store')),
  subject     TEXT{bytewise} NOT NULL,
  began_at    {int} NOT NULL,
  finished_at {int},
  receipt     TEXT,   -- canonical JSON; its digest stands in the entry receipt_seq of the log
  receipt_seq {int}
) {strict};
CREATE UNIQUE INDEX incident_open ON incident (scope, subject) WHERE finished_at IS NULL;
CREATE INDEX incident_subject ON incident (scope, subject, began_at);
CREATE INDEX incident_finished ON incident (finished_at) WHERE finished_at IS NOT NULL;

CREATE TABLE incident_step (
  incident_id TEXT NOT NULL REFERENCES incident (id) ON DELETE CASCADE,
  position    {int} NOT NULL,
  step        TEXT NOT NULL,
  target      TEXT NOT NULL,  -- a user's id or a kid; empty: everything of its kind
  done_at     {int},
  counts      TEXT NOT NULL,  -- canonical JSON: how many of what it ended
  first_seq   {int},          -- its entries in the log
  last_seq    {int},
  PRIMARY KEY (incident_id, position)
) {strict};
)sql";

}  // namespace authctl::store
