#include "core/audit/block_index.h"

#include <algorithm>

#include "core/store/row_batch.h"

namespace authctl::audit {
namespace {

constexpr std::string_view success = "success";

// The entries of a block that are there, oldest first.
void read_block(store::Database& db, std::int64_t block, BlockSummary& summary) {
  static const std::string sql =
      "SELECT " + std::string(entry_columns) + " FROM audit_entry WHERE seq >= $1 AND seq < $2 ORDER BY seq";
  const auto rows = db.query(sql, {first_of(block), first_of(block + 1)});
  while (rows->next()) summary.add(read_entry(*rows));
}

}  // namespace

void BlockSummary::add(const StoredEntry& entry) {
  const bool first = values_.empty();
  min_time_ = first ? entry.time : std::min(min_time_, entry.time);
  max_time_ = first ? entry.time : std::max(max_time_, entry.time);
  const std::uint64_t bit = bit_of(entry.seq);
  note(Facet::actor, entry.actor, bit);
  note(Facet::action, entry.action, bit);
  note(Facet::target_id, entry.target_id, bit);
  note(Facet::target_name, entry.target_name, bit);
  note(Facet::ip, entry.ip, bit);
  if (entry.outcome != success) note(Facet::outcome, entry.outcome, bit);
}

void BlockSummary::clear() {
  values_.clear();
  min_time_ = max_time_ = 0;
}

void BlockSummary::note(Facet facet, std::optional<std::string_view> value, std::uint64_t bit) {
  if (value) values_[{static_cast<std::int64_t>(facet), std::string(*value)}] |= bit;
}

void index_block(store::Database& db, std::int64_t block) {
  BlockSummary summary;
  read_block(db, block, summary);
  if (summary.empty()) return;
  static const store::RowInsert insert("INSERT INTO audit_index (facet, value, block, entries)", 4);
  store::RowBatch batch(db, insert, summary.values().size());
  for (const auto& [key, bits] : summary.values())
    batch.add({key.first, key.second, block, static_cast<std::int64_t>(bits)});
  batch.flush();
  db.execute("INSERT INTO audit_block (block, min_time, max_time) VALUES ($1, $2, $3)",
             {block, summary.min_time(), summary.max_time()});
}

void unindex_through(store::Database& db, std::int64_t last, std::int64_t size) {
  const std::int64_t cut = block_of(last);
  db.execute("DELETE FROM audit_index WHERE block <= $1", {cut});
  db.execute("DELETE FROM audit_block WHERE block <= $1", {cut});
  if (size >= first_of(cut + 1) - 1) index_block(db, cut);
}

std::optional<std::string> IndexCheck::add(const StoredEntry& entry) {
  summary_.add(entry);
  if (entry.seq % block_size != 0) return std::nullopt;
  auto problem = compare(block_of(entry.seq));
  summary_.clear();
  return problem;
}

std::optional<std::string> IndexCheck::compare(std::int64_t block) {
  for (const auto& [key, bits] : summary_.values()) {
    const auto rows =
        db_.query("SELECT entries FROM audit_index WHERE facet = $1 AND value = $2 AND block = $3",
                  {key.first, key.second, block});
    if (!rows->next() || rows->integer(0) != static_cast<std::int64_t>(bits))
      return "the index does not fit the entries of block " + std::to_string(block);
  }
  const auto times = db_.query("SELECT min_time, max_time FROM audit_block WHERE block = $1", {block});
  if (!times->next() || times->integer(0) != summary_.min_time() || times->integer(1) != summary_.max_time())
    return "the index does not fit the times of block " + std::to_string(block);
  values_ += static_cast<std::int64_t>(summary_.values().size());
  ++blocks_;
  return std::nullopt;
}

std::optional<std::string> IndexCheck::finish() {
  const auto rows =
      db_.query("SELECT (SELECT count(*) FROM audit_index), (SELECT count(*) FROM audit_block)");
  if (rows->next() && rows->integer(0) == values_ && rows->integer(1) == blocks_) return std::nullopt;
  return "the index has rows that no entry stands for";
}

}  // namespace authctl::audit
