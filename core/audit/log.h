// The one writer of the audit log. A change appends its events inside its own transaction and signs the tree
// head once before it commits; the frontier is read back in each transaction, because another process may
// have written since. Invariant: audit_entry, audit_head and the signature over both change together or not
// at all.
#pragma once
#include <atomic>
#include <optional>
#include <span>
#include <string>

#include "core/audit/entry.h"
#include "core/audit/log_key.h"
#include "core/audit/merkle.h"
#include "core/crypto/sealing.h"
#include "core/store/database.h"

namespace authctl::audit {

// What the log says of itself: how many entries there are, the tree over them, and the signed note over both.
struct Head {
  Frontier frontier;
  std::string note;
  base::Timestamp latest{};    // the latest time that it has seen
  std::int64_t key_epoch = 0;  // of the store's keys, see store/data_key_repository.h; read along for nothing
};
// Error unverified where it is missing or makes no sense.
Head read_head(store::Database& db);

class Log {
 public:
  // Takes up the head as it stands in this transaction, and locks it. Gives the epoch of the store's keys, so
  // that who seals can see whether it holds them still.
  std::int64_t start(store::Database& db);
  // Before the first append(), with the keys of that epoch.
  void use_key(store::Database& db, const crypto::Sealer& sealer);
  void start(store::Database& db, const crypto::Sealer& sealer) {
    start(db);
    use_key(db, sealer);
  }
  // One row for each event. Error invalid for a reason that is too long; other text from outside is escaped
  // where it is no text (UTF-8) and cut where it is longer than any name may be.
  void append(store::Database& db, const Author& author, base::Timestamp now, std::span<const Event> events);
  // Forgets the oldest entries, up to the first that is not older than `before`, and leaves a signed stub of
  // the tree over them. Gives how many entries went; 0 changes nothing. Error unverified where one of them
  // was altered.
  std::int64_t prune(store::Database& db, base::Timestamp before, base::Timestamp now);
  // Signs and writes the new head; does nothing where nothing was appended since start().
  void finish(store::Database& db);

  // For a savepoint: where the log stands, and back there once the rows were rolled back.
  const Frontier& frontier() const { return frontier_; }
  void rewind(Frontier frontier, base::Timestamp latest) {
    frontier_ = std::move(frontier);
    has_seen(latest);
  }

  // The latest time that the log has seen, as far as this process knows; any thread may ask.
  base::Timestamp latest() const { return latest_.load(std::memory_order_relaxed); }
  void has_seen(base::Timestamp latest) { latest_.store(latest, std::memory_order_relaxed); }

 private:
  std::optional<LogKey> key_;  // opened at the first use
  Frontier frontier_;
  std::atomic<base::Timestamp> latest_{base::Timestamp{}};
  std::uint64_t started_at_ = 0;
  std::string record_;  // kept for its memory
};

// Text as it may stand in an entry: invalid UTF-8 and NUL escaped, cut after `max` code points with an
// ellipsis.
std::string entry_text(std::string_view text, std::size_t max);

// Code points.
inline constexpr std::size_t max_reason_length = 1024;
inline constexpr std::size_t max_name_length = 256;
inline constexpr std::size_t max_detail_size = 65536;  // bytes, for all of it

}  // namespace authctl::audit
