#include "core/audit/query.h"

#include <algorithm>

#include "core/base/text.h"

namespace authctl::audit {
namespace {

// A statement while it is put together: each predicate brings its values.
class Statement {
 public:
  Statement() : text_("SELECT " + std::string(entry_columns) + " FROM audit_entry") {}

  void where(std::string_view before, store::Value value, std::string_view after = {}) {
    text_ += values_.empty() ? " WHERE " : " AND ";
    text_ += before;
    text_ += place_of(value);
    text_ += after;
  }
  void where_one_of(std::string_view column, const std::vector<std::string>& words) {
    text_ += values_.empty() ? " WHERE " : " AND ";
    text_ += column;
    for (std::size_t i = 0; i < words.size(); ++i) text_ += (i == 0 ? " IN (" : ", ") + place_of(words[i]);
    text_ += ')';
  }
  void order_by(std::string_view order, std::int64_t limit) {
    text_ += " ORDER BY ";
    text_ += order;
    text_ += " LIMIT " + place_of(limit);
  }
  std::unique_ptr<store::Rows> run(store::Database& db) const { return db.query(text_, std::span(values_)); }

 private:
  std::string place_of(store::Value value) {
    values_.push_back(value);
    return "$" + std::to_string(values_.size());
  }

  std::string text_;
  std::vector<store::Value> values_;
};

// Rows of several statements, each newest first, as one.
class Merged final : public EntryStream {
 public:
  void add(std::unique_ptr<store::Rows> rows) {
    Source source{std::move(rows), {}};
    if (source.advance()) sources_.push_back(std::move(source));
  }
  void limit_to(std::int64_t limit) { left_ = limit; }

  const StoredEntry* next() override {
    if (current_ && !sources_[*current_].advance()) {
      sources_.erase(sources_.begin() + static_cast<std::ptrdiff_t>(*current_));
    }
    current_.reset();
    if (sources_.empty() || left_-- <= 0) return nullptr;
    std::size_t newest = 0;
    for (std::size_t i = 1; i < sources_.size(); ++i) {
      if (sources_[i].entry.seq > sources_[newest].entry.seq) newest = i;
    }
    current_ = newest;
    return &sources_[newest].entry;
  }

 private:
  struct Source {
    std::unique_ptr<store::Rows> rows;
    StoredEntry entry;
    bool advance() {
      if (!rows->next()) return false;
      entry = read_entry(*rows);
      return true;
    }
  };
  std::vector<Source> sources_;
  std::optional<std::size_t> current_;
  std::int64_t left_ = 0;
};

// What leads a statement: the index that it reads along. The others only sieve, and are written so that no
// planner mistakes them for a better way.
enum class Lead { none, target_id, target_name, actor, refused, ip, action, time };

class Plan {
 public:
  Plan(store::Database& db, const Filter& filter, std::int64_t limit)
      : db_(db), filter_(filter), limit_(limit) {}

  std::unique_ptr<EntryStream> run() {
    merged_->limit_to(limit_);
    if (!filter_.action.empty()) {
      for (auto& action : logged_actions(db_)) {
        if (base::glob_matches(filter_.action, action)) actions_.push_back(std::move(action));
      }
      if (actions_.empty()) return std::move(merged_);
    }
    if (!filter_.target.empty()) {
      read(Lead::target_id, filter_.target);
      read(Lead::target_name, filter_.target);
    } else if (!filter_.actor.empty()) {
      read(Lead::actor, filter_.actor);
      if (filter_.actor.find(':') == std::string::npos) read(Lead::actor, "os:" + filter_.actor);
    } else if (!filter_.ip.empty()) {
      read(Lead::ip, filter_.ip);
    } else if (filter_.outcome == "failure" || filter_.outcome == "denied") {
      read(Lead::refused, filter_.outcome);
    } else if (!actions_.empty()) {
      for (const auto& action : actions_) read(Lead::action, action);
    } else {
      read(filter_.since || filter_.until ? Lead::time : Lead::none, {});
    }
    return std::move(merged_);
  }

 private:
  void read(Lead lead, const std::string& value) {
    Statement statement;
    switch (lead) {
      case Lead::target_id:
        statement.where("target_id = ", value);
        break;
      case Lead::target_name:
        statement.where("target_name = ", value);
        statement.where("coalesce(target_id, '') <> ", value);  // those came by their id
        break;
      case Lead::actor:
        statement.where("actor = ", value);
        break;
      case Lead::refused:
        statement.where("outcome <> 'success' AND outcome = ", value);
        break;
      case Lead::ip:
        statement.where("ip IS NOT NULL AND ip = ", value);
        break;
      case Lead::action:
        statement.where("action = ", value);
        break;
      case Lead::time:
      case Lead::none:
        break;
    }
    const bool by_time = lead == Lead::time;
    if (filter_.since) statement.where(by_time ? "time >= " : "+time >= ", *filter_.since);
    if (filter_.until) statement.where(by_time ? "time < " : "+time < ", *filter_.until);
    if (filter_.up_to) statement.where(lead == Lead::none ? "seq <= " : "+seq <= ", *filter_.up_to);
    if (lead != Lead::actor && !filter_.actor.empty()) {
      std::vector<std::string> actors{filter_.actor};
      if (filter_.actor.find(':') == std::string::npos) actors.push_back("os:" + filter_.actor);
      sieve(statement, "actor || ''", std::move(actors));
    }
    if (lead != Lead::action && !actions_.empty()) sieve(statement, "action || ''", actions_);
    if (lead != Lead::refused && !filter_.outcome.empty())
      statement.where("outcome || '' = ", filter_.outcome);
    if (lead != Lead::ip && !filter_.ip.empty()) statement.where("coalesce(ip, '') = ", filter_.ip);
    statement.order_by(by_time ? "time DESC, seq DESC" : "seq DESC", limit_);
    merged_->add(statement.run(db_));
  }

  // The words live as long as the plan, for the values are views.
  void sieve(Statement& statement, std::string_view column, std::vector<std::string> words) {
    kept_.push_back(std::make_unique<std::vector<std::string>>(std::move(words)));
    statement.where_one_of(column, *kept_.back());
  }

  store::Database& db_;
  const Filter& filter_;
  std::int64_t limit_;
  std::vector<std::string> actions_;
  std::vector<std::unique_ptr<std::vector<std::string>>> kept_;
  std::unique_ptr<Merged> merged_ = std::make_unique<Merged>();
};

std::vector<Count> count_by(store::Database& db, std::string_view column) {
  std::vector<Count> counts;
  const std::string name(column);
  const auto rows = db.query("SELECT " + name + ", count(*) FROM audit_entry GROUP BY " + name);
  while (rows->next()) counts.push_back({rows->string(0), rows->integer(1)});
  std::ranges::sort(counts, [](const Count& a, const Count& b) {
    return a.count != b.count ? a.count > b.count : a.name < b.name;
  });
  return counts;
}

}  // namespace

std::unique_ptr<EntryStream> query_entries(store::Database& db, const Filter& filter, std::int64_t limit) {
  return Plan(db, filter, limit).run();
}

std::unique_ptr<EntryStream> entries_after(store::Database& db, std::int64_t seq, std::int64_t limit) {
  auto merged = std::make_unique<Merged>();
  merged->limit_to(limit);
  Statement statement;
  statement.where("seq > ", seq);
  statement.order_by("seq", limit);
  merged->add(statement.run(db));
  return merged;
}

std::optional<std::int64_t> first_since(store::Database& db, base::Timestamp time) {
  // By time first: where a clock was set back, the entry with the least time need not be the one with the
  // least seq.
  const auto rows =
      db.query("SELECT min(seq) FROM (SELECT seq FROM audit_entry WHERE time >= $1) AS later", {time});
  if (!rows->next() || rows->is_null(0)) return std::nullopt;
  return rows->integer(0);
}

std::int64_t newest_seq(store::Database& db) {
  const auto rows = db.query("SELECT max(seq) FROM audit_entry");
  return rows->next() && !rows->is_null(0) ? rows->integer(0) : 0;
}

std::vector<std::string> logged_actions(store::Database& db) {
  std::vector<std::string> actions;
  if (db.engine() == store::Engine::postgresql) {
    const auto rows = db.query("SELECT DISTINCT action FROM audit_entry");
    while (rows->next()) actions.push_back(rows->string(0));
    return actions;
  }
  for (std::string last;;) {
    const auto rows = db.query("SELECT min(action) FROM audit_entry WHERE action > $1", {last});
    if (!rows->next() || rows->is_null(0)) return actions;
    last = rows->string(0);
    actions.push_back(last);
  }
}

Statistics count_entries(store::Database& db) {
  Statistics statistics;
  {
    const auto rows = db.query("SELECT count(*), min(time), max(time) FROM audit_entry");
    if (rows->next()) {
      statistics.entries = rows->integer(0);
      statistics.first = rows->optional_time(1);
      statistics.last = rows->optional_time(2);
    }
  }
  statistics.by_action = count_by(db, "action");
  statistics.by_outcome = count_by(db, "outcome");
  constexpr std::int64_t hour = 3'600'000;
  const auto rows = db.query(
      "SELECT time / 3600000, count(*) FROM audit_entry GROUP BY time / 3600000 ORDER BY time / 3600000");
  while (rows->next()) {
    statistics.by_hour.emplace_back(base::from_unix_millis(rows->integer(0) * hour), rows->integer(1));
  }
  return statistics;
}

}  // namespace authctl::audit
