// Migration 10: the server. See schema.sql.h for the placeholders.
#pragma once
#include <string_view>

namespace authctl::store {

inline constexpr std::string_view schema_10 = R"sql(
-- A running server reads what was revoked lately; see change_feed.h.
CREATE INDEX issued_token_revoked ON issued_token (revoked_at) WHERE revoked_at IS NOT NULL;
CREATE INDEX revoked_token_time ON revoked_token (revoked_at);

-- Who fetched the JWKS, by the network of the address, and when last: who does not know a new key yet.
CREATE TABLE jwks_reader (
  network    TEXT PRIMARY KEY,
  fetched_at {int} NOT NULL
) {strict};
CREATE INDEX jwks_reader_fetched ON jwks_reader (fetched_at);
)sql";

}  // namespace authctl::store
