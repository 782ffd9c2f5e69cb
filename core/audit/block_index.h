// The index of the log. Entries stand in blocks of 64; when a block is full, one row for each value that
// occurs in it says, in 64 bits, which of its entries carry that value, and one row says between which times
// it lies. So a change pays for its own entry and no index page, every 64th change pays for a block, and a
// query for several things at once is an AND of bits. What is newer than the last full block is read as it
// is. Invariant: the rows are those of the full blocks' entries that are still there, no more and no fewer;
// `audit verify` recomputes every one.
#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/audit/entry.h"
#include "core/store/database.h"

namespace authctl::audit {

inline constexpr std::int64_t block_size = 64;
// Block b holds the entries b*64+1 … b*64+64.
inline std::int64_t block_of(std::int64_t seq) { return (seq - 1) / block_size; }
inline std::int64_t first_of(std::int64_t block) { return block * block_size + 1; }
inline std::uint64_t bit_of(std::int64_t seq) { return std::uint64_t{1} << ((seq - 1) % block_size); }

// What an entry can be found by. An outcome only where it is not success: most are.
enum class Facet : std::int64_t { actor = 1, action, target_id, target_name, ip, outcome };

// What the index says of one block, while its entries come along.
class BlockSummary {
 public:
  void add(const StoredEntry& entry);
  void clear();
  bool empty() const { return values_.empty(); }
  using Values = std::map<std::pair<std::int64_t, std::string>, std::uint64_t>;
  const Values& values() const { return values_; }
  std::int64_t min_time() const { return min_time_; }
  std::int64_t max_time() const { return max_time_; }

 private:
  void note(Facet facet, std::optional<std::string_view> value, std::uint64_t bit);
  Values values_;
  std::int64_t min_time_ = 0, max_time_ = 0;
};

// Writes the rows of a block whose entries are all there.
void index_block(store::Database& db, std::int64_t block);
// After a prune of everything up to `last`: forgets the blocks that are gone, and writes the one that was cut
// anew.
void unindex_through(store::Database& db, std::int64_t last, std::int64_t size);

// Holds the index against the entries of one verification pass, block after block.
class IndexCheck {
 public:
  explicit IndexCheck(store::Database& db) : db_(db) {}
  // In the order of seq. Gives what is wrong, in words, once a block is complete.
  std::optional<std::string> add(const StoredEntry& entry);
  // At the end: whether rows are there that no entry stands for.
  std::optional<std::string> finish();

 private:
  std::optional<std::string> compare(std::int64_t block);
  store::Database& db_;
  BlockSummary summary_;
  std::int64_t values_ = 0, blocks_ = 0;
};

}  // namespace authctl::audit
