// Reading the log: a fixed set of predicates. The index of the log (block_index.h) says which entries may
// fit, the entry itself decides. Invariant: newest first, each entry once, and a query reads on only until it
// has what it was asked for.
#pragma once
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/audit/entry.h"

namespace authctl::audit {

struct Filter {
  std::optional<base::Timestamp> since, until;  // since <= time < until
  std::string actor;                            // exact, or NAME for os:NAME; empty: any
  std::string action;                           // a glob
  std::string target;                           // an id or a name
  std::string outcome;
  std::string ip;
  std::optional<std::int64_t> up_to;  // entries of a later seq are not seen
};

class EntryStream {
 public:
  virtual ~EntryStream() = default;
  // The entry is good until the next call; null at the end.
  virtual const StoredEntry* next() = 0;
};

// Newest first: in the order in which they were written, whatever a clock said meanwhile.
std::unique_ptr<EntryStream> query_entries(store::Database& db, const Filter& filter, std::int64_t limit);
// Oldest first, those after `seq`.
std::unique_ptr<EntryStream> entries_after(store::Database& db, std::int64_t seq, std::int64_t limit);
// The seq of the first entry at or after `time`; nothing where there is none.
std::optional<std::int64_t> first_since(store::Database& db, base::Timestamp time);
std::int64_t newest_seq(store::Database& db);

// Every action that is in the log: one step in the index for each.
std::vector<std::string> logged_actions(store::Database& db);

struct Count {
  std::string name;
  std::int64_t count = 0;
};
struct Statistics {
  std::int64_t entries = 0;
  std::optional<base::Timestamp> first, last;
  std::vector<Count> by_action, by_outcome;
  std::vector<std::pair<base::Timestamp, std::int64_t>> by_hour;
};
Statistics count_entries(store::Database& db);

}  // namespace authctl::audit
