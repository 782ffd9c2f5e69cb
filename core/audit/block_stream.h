// Blocks of the log, newest first, with the bits of those entries that may fit: one stream a value, OR over
// the values of one filter, AND over the filters. Reads a page of the index at a time and skips what the
// others have ruled out. Invariant: every entry of a full block that fits is among the bits; who asks looks
// at the entry itself all the same.
#pragma once
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/audit/block_index.h"

namespace authctl::audit {

struct BlockBits {
  std::int64_t block = 0;
  std::uint64_t bits = 0;
};

class BlockStream {
 public:
  virtual ~BlockStream() = default;
  // The newest block that is not newer than `block`. Never asked for a newer one than before.
  virtual std::optional<BlockBits> at_most(std::int64_t block) = 0;
};
using Blocks = std::unique_ptr<BlockStream>;

Blocks blocks_with(store::Database& db, Facet facet, std::string value);
// Whose times may lie in since <= time < until, every bit set.
Blocks blocks_between(store::Database& db, std::int64_t since, std::int64_t until);
Blocks any_of(std::vector<Blocks> streams);
Blocks all_of(std::vector<Blocks> streams);

}  // namespace authctl::audit
