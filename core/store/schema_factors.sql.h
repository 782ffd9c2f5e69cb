// Migration 4: second factors, lockouts. See schema.sql.h for the placeholders.
#pragma once
#include <string_view>

namespace authctl::store {

inline constexpr std::string_view schema_4 = R"sql(
-- A user's TOTP secret: the one that counts, and beside it one that waits for its first code.
CREATE TABLE totp_enrolment (
  id           TEXT PRIMARY KEY,
  user_id      TEXT NOT NULL REFERENCES user_account (id) ON DELETE CASCADE,
  state        TEXT NOT NULL CHECK (state IN ('pending', 'confirmed')),
  sealed       {bytes} NOT NULL,
  issuer       TEXT NOT NULL,
  algorithm    TEXT NOT NULL,
  digits       {int} NOT NULL,
  period       {int} NOT NULL,  -- seconds
  last_step    {int},           -- of the code that was accepted last: no step up to it is accepted again
  created_at   {int} NOT NULL,
  confirmed_at {int}
) {strict};
CREATE UNIQUE INDEX totp_enrolment_user ON totp_enrolment (user_id, state);

-- A keyed hash for each code; the key is sealed in store_meta. Used ones stay, so that a second use is told
-- apart from a guess.
CREATE TABLE backup_code (
  user_id    TEXT NOT NULL REFERENCES user_account (id) ON DELETE CASCADE,
  mac        {bytes} NOT NULL,
  hash       TEXT,  -- of a code of another system: its password hash, or empty where the mac is of a digest
  created_at {int} NOT NULL,
  used_at    {int},
  PRIMARY KEY (user_id, mac)
) {strict};

-- Failures in a row. The subject of an `account` is the user's id, of an `ip` the address or its /64, of an
-- `own` counter both ("ID ADDRESS": this account has signed in from there), of an `unknown` name the number
-- of its bucket.
CREATE TABLE lockout_counter (
  kind            TEXT{bytewise} NOT NULL CHECK (kind IN ('account', 'ip', 'own', 'unknown')),
  subject         TEXT{bytewise} NOT NULL,
  user_id         TEXT REFERENCES user_account (id) ON DELETE CASCADE,
  failed_attempts {int} NOT NULL,
  last_failure_at {int},
  locked_until    {int},
  last_ip         TEXT,
  signed_in_at    {int},
  PRIMARY KEY (kind, subject)
) {strict};
CREATE INDEX lockout_counter_user ON lockout_counter (user_id, signed_in_at) WHERE user_id IS NOT NULL;
-- NOT IN, in these two and in what reads along them: with kind = …, SQLite would choose the primary key.
CREATE INDEX lockout_counter_recent ON lockout_counter (last_failure_at, kind, subject)
  WHERE failed_attempts > 0 AND kind NOT IN ('own', 'unknown');
CREATE INDEX lockout_counter_address ON lockout_counter (last_failure_at)
  WHERE kind NOT IN ('account', 'own', 'unknown');

-- Refusals of strangers in one minute, so that from the tenth on they are one entry of the log.
CREATE TABLE refusal_tally (
  minute  {int} NOT NULL,  -- unix minutes
  source  TEXT NOT NULL,   -- the address or its /64
  action  TEXT NOT NULL,
  refused {int} NOT NULL,
  PRIMARY KEY (minute, source, action)
) {strict};
)sql";

}  // namespace authctl::store
