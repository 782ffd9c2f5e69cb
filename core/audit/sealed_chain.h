// Entries whose details were sealed where they stand, held against what was signed without the master key.
// The leaf of such an entry is of its opened text and nobody else can reckon it, so its stored leaf is taken
// for the tree; and every such row, as it stands in the table, goes into a chain of hashes whose end is told
// by the entry that ended the sealing. Invariant: where that entry is in a signed tree, no column of a sealed
// row can change unnoticed, and no row counts as sealed that the log does not say was there before the
// sealing began.
#pragma once
#include <cstdint>
#include <optional>
#include <string>

#include "core/audit/entry.h"
#include "core/audit/merkle.h"

namespace authctl::audit {

inline constexpr std::string_view sealing_action = "store.encrypt-identifiers";

// SHA-256(the end before || record of the row as it stands), from 32 zero bytes, in the order of the rows.
struct SealedChain {
  std::int64_t entries = 0;
  Hash end{};
  void add(const StoredEntry& row);
};

// Over the rows that are there, behind those that were pruned; for the entry that ends the sealing.
SealedChain chain_of_sealed_rows(store::Database& db);
// How it stands in that entry.
void put_chain(base::json::object& detail, const SealedChain& chain);

// Where the rows that were pruned left the chain. It needs no signature: from a wrong place no rows lead to
// the end that was signed.
SealedChain read_pruned_chain(store::Database& db);
void keep_pruned_chain(store::Database& db, const SealedChain& chain);

// One pass over the rows, oldest first.
class SealedRows {
 public:
  explicit SealedRows(store::Database& db) : chain_(read_pruned_chain(db)) {}
  // A row as it stands, and whether its detail is sealed. Gives what is wrong with it, or nothing.
  std::optional<std::string> add(const StoredEntry& row, bool sealed);
  bool any() const { return any_; }
  bool begun() const { return begun_; }
  bool ended() const { return ended_; }

 private:
  std::optional<std::string> take_step(const StoredEntry& row);
  SealedChain chain_;
  bool any_ = false, begun_ = false, ended_ = false;
};

}  // namespace authctl::audit
