// Migration 6: clients. See schema.sql.h for the placeholders.
// Lists (grants, redirect URIs, scopes) stand in one column, apart by blanks, which none of them can hold.
#pragma once
#include <string_view>

namespace authctl::store {

inline constexpr std::string_view schema_6 = R"sql(
CREATE TABLE oauth_client (
  id            TEXT PRIMARY KEY,
  name          TEXT NOT NULL,
  folded        TEXT{bytewise} NOT NULL UNIQUE,
  grants        TEXT NOT NULL,
  redirect_uris TEXT NOT NULL,
  scopes        TEXT NOT NULL,
  is_public     {int} NOT NULL,
  status        TEXT NOT NULL CHECK (status IN ('active', 'disabled')),
  created_at    {int} NOT NULL,
  updated_at    {int} NOT NULL
) {strict};

-- Only hashes: a secret has 256 random bits, so there is nothing to guess. Two at most while a grace lasts.
CREATE TABLE client_secret (
  hash       {bytes} PRIMARY KEY,
  client_id  TEXT NOT NULL REFERENCES oauth_client (id) ON DELETE CASCADE,
  created_at {int} NOT NULL,
  expires_at {int}
) {strict};
CREATE INDEX client_secret_client ON client_secret (client_id, created_at);

CREATE INDEX issued_token_client ON issued_token (client_id, expires_at) WHERE client_id IS NOT NULL;
)sql";

}  // namespace authctl::store
