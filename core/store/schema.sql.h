// The first migration, in one text for both engines: the driver fills {int}, {bytes}, {bytewise}, {strict}
// and {clustered} (rows stored in the order of their primary key, where the engine can). Times are unix
// milliseconds. An empty `resource` means "every resource".
#pragma once
#include <string_view>

namespace authctl::store {

inline constexpr std::string_view schema_1 = R"sql(
CREATE TABLE store_meta (
  name  TEXT PRIMARY KEY,
  value {bytes} NOT NULL
) {strict};

-- The data key, wrapped by a master key. A second master key has its rows here only until it has opened the
-- store; a second generation is here only while everything is being sealed anew.
CREATE TABLE data_key (
  master_key_id TEXT NOT NULL,
  generation    {int} NOT NULL,
  wrapped       {bytes} NOT NULL,
  takes_over    {int} NOT NULL DEFAULT 0,  -- once it has opened the store, it is the only master key
  created_at    {int} NOT NULL,
  PRIMARY KEY (master_key_id, generation)
) {strict};

CREATE TABLE user_account (
  id                   TEXT PRIMARY KEY,
  name                 TEXT{bytewise} NOT NULL UNIQUE,
  email                TEXT,
  status               TEXT NOT NULL CHECK (status IN ('active', 'disabled')),
  password_hash        TEXT,
  password_scheme      TEXT,
  password_changed_at  {int},
  password_must_change {int} NOT NULL DEFAULT 0,
  tokens_valid_from    {int} NOT NULL DEFAULT 0,  -- tokens issued before it are revoked
  created_at           {int} NOT NULL,
  updated_at           {int} NOT NULL,
  last_login_at        {int},
  sealed_email         {bytes}  -- in place of `email` where identifiers are sealed
) {strict};

-- Names and e-mails are one namespace: folded, unique, and either signs in.
CREATE TABLE user_identifier (
  value   TEXT PRIMARY KEY,  -- or its blind index
  user_id TEXT NOT NULL REFERENCES user_account (id) ON DELETE CASCADE,
  kind    TEXT NOT NULL CHECK (kind IN ('name', 'email'))
) {strict};
CREATE INDEX user_identifier_user ON user_identifier (user_id);
CREATE INDEX user_account_status ON user_account (status, name);
CREATE INDEX user_account_scheme ON user_account (password_scheme, name);
CREATE INDEX user_account_seen ON user_account ((COALESCE(last_login_at, created_at)));

CREATE TABLE role (
  id          TEXT PRIMARY KEY,
  name        TEXT NOT NULL UNIQUE,
  description TEXT,
  created_at  {int} NOT NULL,
  updated_at  {int} NOT NULL,
  sealed_description {bytes}  -- in place of `description` where identifiers are sealed
) {strict};

CREATE TABLE role_inheritance (
  role_id   TEXT NOT NULL REFERENCES role (id) ON DELETE CASCADE,
  parent_id TEXT NOT NULL REFERENCES role (id) ON DELETE CASCADE,
  PRIMARY KEY (role_id, parent_id)
) {strict};
CREATE INDEX role_inheritance_parent ON role_inheritance (parent_id);

CREATE TABLE role_grant (
  role_id    TEXT NOT NULL REFERENCES role (id) ON DELETE CASCADE,
  permission TEXT NOT NULL,  -- or its blind index
  resource   TEXT NOT NULL DEFAULT '',
  created_at {int} NOT NULL,
  sealed_permission {bytes},
  PRIMARY KEY (role_id, permission, resource)
) {strict};
CREATE INDEX role_grant_permission ON role_grant (permission, role_id);

CREATE TABLE role_assignment (
  user_id    TEXT NOT NULL REFERENCES user_account (id) ON DELETE CASCADE,
  role_id    TEXT NOT NULL REFERENCES role (id) ON DELETE CASCADE,
  resource   TEXT NOT NULL DEFAULT '',
  expires_at {int},
  created_at {int} NOT NULL,
  PRIMARY KEY (user_id, role_id, resource)
) {strict};
CREATE INDEX role_assignment_role ON role_assignment (role_id, user_id);

-- Keys of both uses. `sealed` holds the private key; a private key never stands here in the clear.
CREATE TABLE crypto_key (
  kid          TEXT PRIMARY KEY,
  key_use      TEXT NOT NULL CHECK (key_use IN ('jwt', 'fernet')),
  alg          TEXT NOT NULL,
  bits         {int} NOT NULL,
  state        TEXT NOT NULL CHECK (state IN ('pending', 'active', 'retiring', 'revoked')),
  public_jwk   TEXT,
  sealed       {bytes} NOT NULL,
  created_at   {int} NOT NULL,
  not_before   {int},
  published_at {int},
  activated_at {int},
  retires_at   {int},
  revoked_at   {int}
) {strict};
CREATE UNIQUE INDEX crypto_key_one_active ON crypto_key (key_use) WHERE state = 'active';
CREATE INDEX crypto_key_use ON crypto_key (key_use, created_at);

-- What was issued, so that a key's and a user's live tokens can be counted and revoked.
CREATE TABLE issued_token (
  jti        TEXT PRIMARY KEY,
  kid        TEXT NOT NULL,
  user_id    TEXT,
  type       TEXT NOT NULL,
  session_id TEXT,
  client_id  TEXT,
  issued_at  {int} NOT NULL,
  expires_at {int} NOT NULL,
  revoked_at {int}
) {strict};
CREATE INDEX issued_token_kid ON issued_token (kid, expires_at);
CREATE INDEX issued_token_user ON issued_token (user_id, expires_at);
CREATE INDEX issued_token_expiry ON issued_token (expires_at);

CREATE TABLE audit_entry (
  seq         {int} PRIMARY KEY,
  time        {int} NOT NULL,
  actor       TEXT NOT NULL,
  action      TEXT NOT NULL,
  target_kind TEXT,
  target_id   TEXT,
  target_name TEXT,
  outcome     TEXT NOT NULL,
  ip          TEXT,
  reason      TEXT,
  detail      TEXT NOT NULL,
  leaf        {bytes} NOT NULL,  -- RFC 6962: SHA-256(0x00 || record of all columns above)
  mac         {bytes} NOT NULL   -- keyed, over leaf: tells which row was altered by one who recomputed its leaf
) {strict};

-- Which entries of a full block of 64 carry a value: bit i stands for entry block*64 + 1 + i. See audit/block_index.h.
CREATE TABLE audit_index (
  facet   {int} NOT NULL,
  value   TEXT{bytewise} NOT NULL,
  block   {int} NOT NULL,
  entries {int} NOT NULL,
  PRIMARY KEY (facet, value, block)
) {clustered};

-- The times between which a full block lies.
CREATE TABLE audit_block (
  block    {int} PRIMARY KEY,
  min_time {int} NOT NULL,
  max_time {int} NOT NULL
) {strict};

-- One row: how many entries there are, the Merkle frontier over them, and the signed note over both.
CREATE TABLE audit_head (
  id       {int} PRIMARY KEY CHECK (id = 1),
  size     {int} NOT NULL,
  frontier {bytes} NOT NULL,
  note     TEXT NOT NULL,
  latest   {int} NOT NULL DEFAULT 0  -- the latest time that the log has seen: a clock that was set back shows against it
) {strict};

-- What a prune leaves: everything below `size` is gone, and this is what it hashed to.
CREATE TABLE audit_stub (
  size       {int} PRIMARY KEY,
  frontier   {bytes} NOT NULL,
  note       TEXT NOT NULL,
  created_at {int} NOT NULL
) {strict};
)sql";

// Work that is under way: re-encryptions with the keys that must stay until they are done, and imports whose
// users are in the tables already and to be seen by nobody yet.
inline constexpr std::string_view schema_2 = R"sql(
CREATE TABLE rotation_job (
  id         TEXT PRIMARY KEY,
  output     TEXT UNIQUE,  -- absolute path of the file that is being made; null: a pipe
  started_at {int} NOT NULL,
  touched_at {int} NOT NULL
) {strict};

CREATE TABLE rotation_job_key (
  job_id TEXT NOT NULL REFERENCES rotation_job (id) ON DELETE CASCADE,
  kid    TEXT NOT NULL,
  PRIMARY KEY (job_id, kid)
) {strict};
CREATE INDEX rotation_job_key_kid ON rotation_job_key (kid, job_id);

-- The ids of an import's users share their first 18 characters. While its row stands here they do not exist
-- for anybody; deleting the row is what publishes them.
CREATE TABLE user_import (
  id_prefix  TEXT PRIMARY KEY,
  owner      TEXT NOT NULL,  -- the process that runs it
  started_at {int} NOT NULL,
  touched_at {int} NOT NULL,
  abandoned  {int} NOT NULL DEFAULT 0  -- 1: never to be published
) {strict};
)sql";

}  // namespace authctl::store
