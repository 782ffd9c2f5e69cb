// Migration 5: sessions and refresh families, and the one-time things of signing in. See schema.sql.h for the
// placeholders. No secret stands here in the clear: refresh tokens, challenges and reset tokens are SHA-256
// hashes of at least 128 random bits.
#pragma once
#include <string_view>

namespace authctl::store {

inline constexpr std::string_view schema_5 = R"sql(
CREATE TABLE user_session (
  id           TEXT PRIMARY KEY,
  user_id      TEXT NOT NULL REFERENCES user_account (id) ON DELETE CASCADE,
  client_id    TEXT NOT NULL,
  door         TEXT NOT NULL CHECK (door IN ('cookie', 'token')),
  remember_me  {int} NOT NULL,
  scope        TEXT NOT NULL,  -- words apart by blanks
  ip           TEXT NOT NULL,
  user_agent   TEXT NOT NULL,
  kid          TEXT NOT NULL,  -- what signed its last access token
  created_at   {int} NOT NULL,
  last_used_at {int} NOT NULL,  -- the sign-in or the last refresh
  ends_at      {int} NOT NULL,  -- in any case
  ended_at     {int},
  end_reason   TEXT
) {strict};
CREATE INDEX user_session_created ON user_session (created_at, id);
CREATE INDEX user_session_user ON user_session (user_id, created_at, id);
CREATE INDEX user_session_kid ON user_session (kid) WHERE ended_at IS NULL;
CREATE INDEX user_session_ended ON user_session (ended_at) WHERE ended_at IS NOT NULL;
CREATE INDEX user_session_ends ON user_session (ends_at);

-- A family: generation after generation, each used once.
CREATE TABLE refresh_token (
  session_id TEXT NOT NULL REFERENCES user_session (id) ON DELETE CASCADE,
  generation {int} NOT NULL,
  hash       {bytes} NOT NULL UNIQUE,
  issued_at  {int} NOT NULL,
  used_at    {int},
  used_ip    TEXT,
  repeats    {int} NOT NULL DEFAULT 0,  -- how often the same successor was handed out again
  reused_at  {int},
  reused_ip  TEXT,
  PRIMARY KEY (session_id, generation)
) {strict};

-- A password was right, a second factor is still to come.
CREATE TABLE mfa_challenge (
  hash        {bytes} PRIMARY KEY,
  user_id     TEXT NOT NULL REFERENCES user_account (id) ON DELETE CASCADE,
  door        TEXT NOT NULL,
  remember_me {int} NOT NULL,
  created_at  {int} NOT NULL,
  expires_at  {int} NOT NULL,
  failures    {int} NOT NULL,
  used_at     {int}
) {strict};
CREATE INDEX mfa_challenge_user ON mfa_challenge (user_id);
CREATE INDEX mfa_challenge_expiry ON mfa_challenge (expires_at);

CREATE TABLE password_reset (
  hash       {bytes} PRIMARY KEY,
  user_id    TEXT NOT NULL REFERENCES user_account (id) ON DELETE CASCADE,
  created_at {int} NOT NULL,
  expires_at {int} NOT NULL,
  used_at    {int}
) {strict};
CREATE INDEX password_reset_user ON password_reset (user_id);
CREATE INDEX password_reset_expiry ON password_reset (expires_at);

-- When what one source did lately happened; see core/service/rate_limit.h.
CREATE TABLE rate_limit (
  source     TEXT PRIMARY KEY,
  events     {bytes} NOT NULL,
  expires_at {int} NOT NULL
) {strict};
CREATE INDEX rate_limit_expiry ON rate_limit (expires_at);

-- A session's access tokens end with it.
CREATE INDEX issued_token_session ON issued_token (session_id) WHERE session_id IS NOT NULL;
)sql";

}  // namespace authctl::store
