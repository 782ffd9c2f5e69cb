// Incidents and their steps as rows. Invariant: of one subject at most one incident is open; a step's row
// changes in the transaction that does its work.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/store/database.h"

namespace authctl::store {

struct IncidentRow {
  std::string id;
  std::string scope;    // user, key, store
  std::string subject;  // a user's id, a kid; empty: the whole store
  base::Timestamp began_at{};
  std::optional<base::Timestamp> finished_at;
  std::optional<std::string> receipt;
  std::optional<std::int64_t> receipt_seq;
};

struct IncidentStepRow {
  std::int64_t position = 0;
  std::string step, target;
  std::optional<base::Timestamp> done_at;
  std::string counts = "{}";
  std::optional<std::int64_t> first_seq, last_seq;
};

// What an incident would end, counted.
struct OneTimeCounts {
  std::int64_t challenges = 0, resets = 0, backup_codes = 0;
};

class IncidentRepository {
 public:
  explicit IncidentRepository(Database& db) : db_(db) {}

  void insert(const IncidentRow& incident, const std::vector<IncidentStepRow>& steps);
  std::optional<IncidentRow> find(std::string_view id);
  // The one that is open, else the one that began last.
  std::optional<IncidentRow> latest(std::string_view scope, std::string_view subject);
  // Finished at or after it, oldest first; at most `limit`.
  std::vector<IncidentRow> finished_since(base::Timestamp since, std::int64_t limit);
  // In their order.
  std::vector<IncidentStepRow> steps(std::string_view id);
  void update_step(std::string_view id, const IncidentStepRow& step);
  // True for whoever finishes it first.
  bool finish(const IncidentRow& incident);

  // Of a user; of everybody where the id is empty.
  OneTimeCounts one_time_things(std::string_view user_id, base::Timestamp now);
  std::int64_t live_tokens(std::string_view user_id, base::Timestamp now);

  // Everybody's tokens and sessions are refused from now on; gives how many users there are.
  std::int64_t end_everybodys_tokens(base::Timestamp now);
  // Challenges, resets and backup codes of everybody, and the one-time codes of this moment.
  void end_everybodys_codes(base::Timestamp now);

 private:
  Database& db_;
};

}  // namespace authctl::store
