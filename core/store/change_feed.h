// What a process that keeps some of the store in memory has to read again: the audit log's sequence is the
// feed, since every change has an entry in its own transaction.
// Invariant: an entry that is seen here stands for a change that can be read by now; sequence numbers become
// visible in their order.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/store/database.h"

namespace authctl::store {

struct FeedEntry {
  std::int64_t seq = 0;
  base::Timestamp time{};  // of the change, by the clock of whoever made it
  std::string action, target_kind, target_id;
};

struct LogHead {
  std::int64_t size = 0;     // the seq of the last entry
  base::Timestamp latest{};  // the latest time that the log has seen
};
LogHead log_head(Database& db);
// At most `limit` entries behind `seq`, in their order.
std::vector<FeedEntry> entries_after(Database& db, std::int64_t seq, std::int64_t limit);

// Writes the head of the log as it is. Error unavailable where nothing can be written.
void prove_writable(Database& db);
// Error unavailable where the store that was opened is not the one that stands at its place any more.
void prove_in_place(Database& db);

struct DeadToken {
  std::string jti;
  base::Timestamp expires_at{};
};
// Tokens that were revoked since then and have not expired by `now`.
std::vector<DeadToken> tokens_revoked_since(Database& db, base::Timestamp since, base::Timestamp now);
// Those of one session that were revoked.
std::vector<DeadToken> tokens_revoked_of_session(Database& db, std::string_view session_id,
                                                 base::Timestamp now);

struct CutoffRange {
  std::string kid;
  base::Timestamp from{}, until{};
};
std::vector<CutoffRange> token_cutoffs(Database& db);

}  // namespace authctl::store
