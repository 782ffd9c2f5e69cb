#include <algorithm>
#include <bit>
#include <map>

#include "core/audit/block_index.h"
#include "core/audit/query.h"

namespace authctl::audit {
namespace {

constexpr std::int64_t hour = 3'600'000;
using Counts = std::map<std::string, std::int64_t, std::less<>>;

std::int64_t hour_of(std::int64_t time) { return time >= 0 ? time / hour : (time - hour + 1) / hour; }

// What the index has counted already.
Counts indexed_counts(store::Database& db, Facet facet) {
  Counts counts;
  const auto rows =
      db.query("SELECT value, entries FROM audit_index WHERE facet = $1", {static_cast<std::int64_t>(facet)});
  while (rows->next()) counts[rows->string(0)] += std::popcount(static_cast<std::uint64_t>(rows->integer(1)));
  return counts;
}

std::vector<Count> most_first(const Counts& counts) {
  std::vector<Count> sorted;
  for (const auto& [name, count] : counts) sorted.push_back({name, count});
  std::ranges::sort(sorted, [](const Count& a, const Count& b) {
    return a.count != b.count ? a.count > b.count : a.name < b.name;
  });
  return sorted;
}

class Tally {
 public:
  explicit Tally(store::Database& db) : db_(db) {}

  Statistics run() {
    actions_ = indexed_counts(db_, Facet::action);
    outcomes_ = indexed_counts(db_, Facet::outcome);
    for (const auto& [name, count] : outcomes_) refused_ += count;
    count_blocks();
    count_rest();
    Statistics statistics;
    statistics.entries = entries_;
    if (entries_ > 0) {
      statistics.first = base::from_unix_millis(first_);
      statistics.last = base::from_unix_millis(last_);
    }
    if (entries_ > refused_) outcomes_["success"] = entries_ - refused_;
    statistics.by_action = most_first(actions_);
    statistics.by_outcome = most_first(outcomes_);
    for (const auto& [at, count] : hours_)
      statistics.by_hour.emplace_back(base::from_unix_millis(at * hour), count);
    return statistics;
  }

 private:
  // A block that lies within one hour is counted whole; of another the entries are asked.
  void count_blocks() {
    const auto oldest = db_.query("SELECT min(seq) FROM audit_entry");
    const std::int64_t first_seq = oldest->next() && !oldest->is_null(0) ? oldest->integer(0) : 1;
    const auto rows = db_.query("SELECT block, min_time, max_time FROM audit_block");
    while (rows->next()) {
      const std::int64_t block = rows->integer(0), from = rows->integer(1), to = rows->integer(2);
      const std::int64_t count = first_of(block + 1) - std::max(first_of(block), first_seq);
      span(from, to, count);
      if (hour_of(from) == hour_of(to))
        hours_[hour_of(from)] += count;
      else
        count_times(block);
    }
  }

  void count_times(std::int64_t block) {
    const auto rows = db_.query("SELECT time FROM audit_entry WHERE seq >= $1 AND seq < $2",
                                {first_of(block), first_of(block + 1)});
    while (rows->next()) ++hours_[hour_of(rows->integer(0))];
  }

  // What no block holds yet.
  void count_rest() {
    const auto rows = db_.query("SELECT time, action, outcome FROM audit_entry WHERE seq >= $1",
                                {first_of(block_of(newest_seq(db_) + 1))});
    while (rows->next()) {
      span(rows->integer(0), rows->integer(0), 1);
      ++hours_[hour_of(rows->integer(0))];
      ++actions_[rows->string(1)];
      if (rows->text(2) == "success") continue;
      ++outcomes_[rows->string(2)];
      ++refused_;
    }
  }

  void span(std::int64_t from, std::int64_t to, std::int64_t count) {
    first_ = entries_ == 0 ? from : std::min(first_, from);
    last_ = entries_ == 0 ? to : std::max(last_, to);
    entries_ += count;
  }

  store::Database& db_;
  Counts actions_, outcomes_;
  std::map<std::int64_t, std::int64_t> hours_;
  std::int64_t entries_ = 0, refused_ = 0, first_ = 0, last_ = 0;
};

}  // namespace

Statistics count_entries(store::Database& db) { return Tally(db).run(); }

}  // namespace authctl::audit
