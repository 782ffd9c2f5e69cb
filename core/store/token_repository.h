// What was issued and what was cut off: issued_token, revoked_token (revocations of tokens that this store
// never saw being issued) and token_cutoff ("everything that key K signed between A and B"). Invariant: a
// revocation is kept at least until the token it is about has expired.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "core/base/clock.h"
#include "core/store/database.h"

namespace authctl::store {

struct IssuedToken {
  std::string jti;
  std::string kid;
  std::optional<std::string> user_id;
  std::string type;
  std::optional<std::string> session_id;
  std::optional<std::string> client_id;
  base::Timestamp issued_at;
  base::Timestamp expires_at;
  std::optional<base::Timestamp> revoked_at;
};

struct LiveTokens {
  std::int64_t count = 0;
  std::optional<base::Timestamp> longest_end;
};

// When everything by one key that was issued in [from, until] was revoked.
struct Cutoff {
  std::string kid;
  base::Timestamp from;
  base::Timestamp until;
  base::Timestamp revoked_at;
};

// When the log had some entries less: a time that one clock which is ahead for a moment has not moved.
base::Timestamp settled_time(Database& db);
// Marks those of issued_token for which `where` holds as revoked at `now`, and gives the number of live ones
// among them; `values` are from $2 on. Those that have expired since settled_time() are marked too: a clock
// that is ahead must not leave one alive.
std::int64_t revoke_where(Database& db, base::Timestamp now, std::string_view where, Values values);

class TokenRepository {
 public:
  explicit TokenRepository(Database& db) : db_(db) {}

  void insert(const IssuedToken& token);
  std::optional<IssuedToken> find(std::string_view jti);
  // Neither expired, nor revoked, nor issued before its user's tokens_valid_from.
  LiveTokens live_of_key(std::string_view kid, base::Timestamp now);
  // Names of the registered clients that hold some of them, in order.
  std::vector<std::string> clients_of_key(std::string_view kid, base::Timestamp now);

  // Whether it was there and not revoked yet; also one that has expired.
  bool revoke(std::string_view jti, base::Timestamp now);
  // The number of live tokens that were ended.
  std::int64_t revoke_of_user(std::string_view user_id, base::Timestamp now);
  // Those that bear a time after `now`, by a clock that was ahead.
  std::int64_t revoke_issued_ahead(std::string_view user_id, base::Timestamp now);
  std::int64_t revoke_of_key(std::string_view kid, base::Timestamp from, base::Timestamp until,
                             base::Timestamp now);

  // Tokens that are not in issued_token.
  bool revoke_unknown(std::string_view jti, base::Timestamp expires_at, base::Timestamp now);
  void cut_off(const Cutoff& cutoff, std::string_view id);
  // The earliest moment at which this token was revoked alone, and by a cut-off of its key.
  std::optional<base::Timestamp> revoked_at(std::string_view jti);
  std::optional<base::Timestamp> cut_off_at(std::string_view kid, base::Timestamp issued_at);

  // Names of the roles that the user holds everywhere at `now`, in order. A role that is held on one resource
  // only does not go into a token: who reads it there could not tell.
  std::vector<std::string> unrestricted_roles(std::string_view user_id, base::Timestamp now);

  bool has_expired_before(base::Timestamp before);
  // At most `limit` rows each about tokens that expired before `before`.
  void prune(base::Timestamp before, std::int64_t limit);

 private:
  Database& db_;
};

}  // namespace authctl::store
