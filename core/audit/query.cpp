#include "core/audit/query.h"

#include <algorithm>
#include <array>
#include <bit>
#include <limits>

#include "core/audit/block_stream.h"
#include "core/audit/sealed_detail.h"
#include "core/base/text.h"

namespace authctl::audit {
namespace {

const std::string select_entries = "SELECT " + std::string(entry_columns) + " FROM audit_entry WHERE ";
constexpr std::size_t at_once = 32;
const std::string select_handful = [] {
  std::string sql = select_entries + "seq IN (";
  for (std::size_t i = 1; i <= at_once; ++i) sql += (i == 1 ? "$" : ", $") + std::to_string(i);
  return sql + ") ORDER BY seq DESC";
}();
constexpr std::int64_t beginning = std::numeric_limits<std::int64_t>::min();
constexpr std::int64_t end_of_time = std::numeric_limits<std::int64_t>::max();

std::vector<std::string> actors_of(const Filter& filter) {
  if (filter.actor.find(':') != std::string::npos) return {filter.actor};
  return {filter.actor, "os:" + filter.actor};
}

std::int64_t since_of(const Filter& filter) {
  return filter.since ? base::to_unix_millis(*filter.since) : beginning;
}
std::int64_t until_of(const Filter& filter) {
  return filter.until ? base::to_unix_millis(*filter.until) : end_of_time;
}

// Whether an entry is asked for: the one judgement, whatever an index says.
class Sieve {
 public:
  explicit Sieve(const Filter& filter)
      : filter_(filter), actors_(actors_of(filter)), since_(since_of(filter)), until_(until_of(filter)) {}

  bool takes(const StoredEntry& entry) const {
    return entry.time >= since_ && entry.time < until_ &&
           (filter_.actor.empty() || std::ranges::find(actors_, entry.actor) != actors_.end()) &&
           (filter_.action.empty() || base::glob_matches(filter_.action, entry.action)) &&
           (filter_.target.empty() || entry.target_id == filter_.target ||
            entry.target_name == filter_.target) &&
           (filter_.outcome.empty() || entry.outcome == filter_.outcome) &&
           (filter_.ip.empty() || entry.ip == filter_.ip);
  }

 private:
  Filter filter_;
  std::vector<std::string> actors_;
  std::int64_t since_, until_;
};

// One stream of blocks for each filter that an index answers; those between the times where there is none.
Blocks candidates(store::Database& db, const Filter& filter) {
  std::vector<Blocks> all;
  const auto add = [&](Facet facet, const std::vector<std::string>& values) {
    std::vector<Blocks> any;
    for (const auto& value : values) any.push_back(blocks_with(db, facet, value));
    all.push_back(any_of(std::move(any)));
  };
  if (!filter.target.empty()) {
    std::vector<Blocks> any;
    any.push_back(blocks_with(db, Facet::target_id, filter.target));
    any.push_back(blocks_with(db, Facet::target_name, filter.target));
    all.push_back(any_of(std::move(any)));
  }
  if (!filter.actor.empty()) add(Facet::actor, actors_of(filter));
  if (!filter.ip.empty()) add(Facet::ip, {filter.ip});
  if (filter.outcome == "failure" || filter.outcome == "denied") add(Facet::outcome, {filter.outcome});
  if (!filter.action.empty()) {
    auto actions = logged_actions(db);
    std::erase_if(actions,
                  [&](const std::string& action) { return !base::glob_matches(filter.action, action); });
    add(Facet::action, actions);
  }
  if (all.empty() || filter.since || filter.until)
    all.push_back(blocks_between(db, since_of(filter), until_of(filter)));
  return all_of(std::move(all));
}

// First what no block holds yet, then block after block, newest first.
class Found final : public EntryStream {
 public:
  Found(store::Database& db, const Filter& filter, std::int64_t limit)
      : db_(db), sieve_(filter), blocks_(candidates(db, filter)), left_(limit) {
    // The newest is asked for once: what is written meanwhile is not seen.
    const std::int64_t newest = std::min(newest_seq(db), filter.up_to.value_or(end_of_time));
    next_block_ = block_of(newest + 1) - 1;
    rows_ = read(first_of(next_block_ + 1), newest);
  }

  const StoredEntry* next() override {
    while (left_ > 0 && (rows_ || next_rows())) {
      if (!rows_->next()) {
        rows_.reset();
        continue;
      }
      entry_ = read_entry(*rows_);
      if (key_) key_->open(entry_, detail_);
      if (!sieve_.takes(entry_)) continue;
      --left_;
      return &entry_;
    }
    rows_.reset();
    return nullptr;
  }

 private:
  std::unique_ptr<store::Rows> read(std::int64_t first, std::int64_t last) {
    static const std::string sql = select_entries + "seq >= $1 AND seq <= $2 ORDER BY seq DESC";
    return db_.query(sql, {first, last});
  }

  // The next candidates, a handful in one statement.
  bool next_rows() {
    std::array<std::int64_t, at_once> seqs{};  // 0: no entry
    const auto wanted = static_cast<std::size_t>(std::min<std::int64_t>(left_, at_once));
    std::size_t count = 0;
    for (; count < wanted && next_bits(); ++count) {
      const int highest = 63 - std::countl_zero(bits_);
      bits_ &= ~(std::uint64_t{1} << highest);
      seqs[count] = first_of(block_) + highest;
    }
    if (count == 0) return false;
    const std::vector<store::Value> values(seqs.begin(), seqs.end());
    rows_ = db_.query(select_handful, values);
    return true;
  }

  bool next_bits() {
    if (bits_ != 0) return true;
    const auto found = next_block_ < 0 ? std::nullopt : blocks_->at_most(next_block_);
    if (!found) return false;
    block_ = found->block;
    bits_ = found->bits;
    next_block_ = block_ - 1;
    return true;
  }

  store::Database& db_;
  std::optional<DetailKey> key_ = detail_key(db_);
  std::string detail_;
  Sieve sieve_;
  Blocks blocks_;
  std::int64_t left_, next_block_ = 0, block_ = 0;
  std::uint64_t bits_ = 0;
  std::unique_ptr<store::Rows> rows_;
  StoredEntry entry_;
};

// Rows of one statement as they are.
class Plain final : public EntryStream {
 public:
  Plain(std::unique_ptr<store::Rows> rows, std::optional<DetailKey> key)
      : rows_(std::move(rows)), key_(std::move(key)) {}
  const StoredEntry* next() override {
    if (!rows_ || !rows_->next()) {
      rows_.reset();
      return nullptr;
    }
    entry_ = read_entry(*rows_);
    if (key_) key_->open(entry_, detail_);
    return &entry_;
  }

 private:
  std::unique_ptr<store::Rows> rows_;
  std::optional<DetailKey> key_;
  std::string detail_;
  StoredEntry entry_;
};

}  // namespace

std::unique_ptr<EntryStream> query_entries(store::Database& db, const Filter& filter, std::int64_t limit) {
  return std::make_unique<Found>(db, filter, limit);
}

std::unique_ptr<EntryStream> entries_after(store::Database& db, std::int64_t seq, std::int64_t limit) {
  static const std::string sql = select_entries + "seq > $1 ORDER BY seq LIMIT $2";
  return std::make_unique<Plain>(db.query(sql, {seq, limit}), detail_key(db));
}

std::optional<std::int64_t> first_since(store::Database& db, base::Timestamp time) {
  // The first full block that reaches so far; where there is none, what no block holds yet.
  std::int64_t from = first_of(block_of(newest_seq(db) + 1));
  {
    const auto blocks = db.query(
        "SELECT block FROM audit_block WHERE block >= 0 AND max_time >= $1 ORDER BY block LIMIT 1", {time});
    if (blocks->next()) from = first_of(blocks->integer(0));
  }
  const auto rows = db.query(
      "SELECT seq FROM audit_entry WHERE seq >= $1 AND time >= $2 ORDER BY seq LIMIT 1", {from, time});
  return rows->next() ? std::optional(rows->integer(0)) : std::nullopt;
}

std::int64_t newest_seq(store::Database& db) {
  const auto rows = db.query("SELECT max(seq) FROM audit_entry");
  return rows->next() && !rows->is_null(0) ? rows->integer(0) : 0;
}

std::vector<std::string> logged_actions(store::Database& db) {
  std::vector<std::string> actions;
  for (std::string last;;) {
    const auto rows =
        db.query("SELECT value FROM audit_index WHERE facet = $1 AND value > $2 ORDER BY value LIMIT 1",
                 {static_cast<std::int64_t>(Facet::action), last});
    if (!rows->next()) break;
    last = rows->string(0);
    actions.push_back(last);
  }
  const auto rows = db.query("SELECT action FROM audit_entry WHERE seq >= $1 ORDER BY seq",
                             {first_of(block_of(newest_seq(db) + 1))});
  while (rows->next()) {
    if (std::ranges::find(actions, rows->text(0)) == actions.end()) actions.push_back(rows->string(0));
  }
  return actions;
}

}  // namespace authctl::audit
