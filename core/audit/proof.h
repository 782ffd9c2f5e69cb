// That an entry is in the log, in a form that a stranger checks offline (RFC 6962 section 2.1.1):
//   leaf = SHA-256(0x00 || record); fold it with `path` from the leaf up; the result is the root in
//   `checkpoint`, which carries the log's signature over size and root.
#pragma once
#include <string>

#include "core/audit/log.h"

namespace authctl::audit {

struct EntryProof {
  std::int64_t seq = 0;  // the leaf's index is seq - 1
  std::uint64_t size = 0;
  Entry entry;
  std::string record;
  Hash leaf{}, root{};
  Proof path;
  std::string checkpoint;  // the signed note
};

// Reads the leaves once, in one snapshot. Error not_found where there is no such entry (or it was pruned),
// unverified where the leaves do not give the signed tree.
EntryProof prove_entry(store::Database& db, std::int64_t seq);

// The same for a tree of `old_size` within the one of today: RFC 6962 section 2.1.2.
Proof prove_consistency(store::Database& db, std::uint64_t old_size);

}  // namespace authctl::audit
