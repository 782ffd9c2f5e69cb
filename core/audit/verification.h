// Nobody touched the log, or where somebody did: every leaf is recomputed from the stored columns, the tree
// from the leaves, and both are held against the signed head and, where one was kept, against an older
// checkpoint. Invariant: `intact` means that the rows are the ones whose tree was signed; each doubt gives
// another verdict.
#pragma once
#include <functional>
#include <optional>
#include <string>

#include "core/audit/log.h"

namespace authctl::audit {

enum class LogVerdict { intact, altered, truncated, unverifiable };
std::string_view word_of(LogVerdict verdict);

struct Verification {
  LogVerdict verdict = LogVerdict::intact;
  std::int64_t entries = 0;  // rows that were read
  std::int64_t size = 0;     // entries ever written, as the head says
  std::int64_t pruned = 0;   // how many of them were pruned, as the last stub says
  // How many are sealed and were not opened for want of the master key: their rows are the ones that were
  // sealed, their leaves the ones that were signed; only that the one is of the other is not shown.
  std::int64_t sealed = 0;
  Hash root{};
  std::optional<std::int64_t> first_bad_seq;
  std::optional<std::string> problem;  // one sentence; null where the log is intact
};

struct VerifyRequest {
  // The store's own key and the keyed MAC of each row; null: only signatures and tree, by `public_key`.
  const crypto::Sealer* sealer = nullptr;
  std::optional<VerifierKey> public_key;
  std::optional<std::string> checkpoint;  // the text of a signed note that was kept elsewhere
  // Called now and then with how many of how many rows are done; may throw to end it.
  std::function<void(std::int64_t, std::int64_t)> progress;
};

// Reads in one snapshot, row by row. Error invalid where the checkpoint is no signed note.
Verification verify_log(store::Database& db, const VerifyRequest& request);

// What the last prune left; an empty tree where nothing was pruned. The note is not checked here.
struct Stub {
  Frontier frontier;
  std::string note;
};
// Nothing where its row makes no sense.
std::optional<Stub> read_last_stub(store::Database& db);

}  // namespace authctl::audit
