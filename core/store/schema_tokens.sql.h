// The third migration: revocations that issued_token cannot hold, because the token was never issued here
// (its key was imported, or its row has been pruned).
#pragma once
#include <string_view>

namespace authctl::store {

inline constexpr std::string_view schema_3 = R"sql(
CREATE TABLE revoked_token (
  jti        TEXT PRIMARY KEY,
  expires_at {int} NOT NULL,
  revoked_at {int} NOT NULL
) {strict};
CREATE INDEX revoked_token_expiry ON revoked_token (expires_at);

-- "Everything that this key signed between these two moments", both included.
CREATE TABLE token_cutoff (
  id           TEXT PRIMARY KEY,
  kid          TEXT NOT NULL,
  issued_from  {int} NOT NULL,
  issued_until {int} NOT NULL,
  revoked_at   {int} NOT NULL
) {strict};
CREATE INDEX token_cutoff_kid ON token_cutoff (kid, issued_from);
)sql";

}  // namespace authctl::store
