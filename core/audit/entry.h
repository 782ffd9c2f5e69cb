// One line of the audit log: who did what to what, when, from where, why, and how it ended.
// Invariant: no secret is ever in it; `detail` is an allow-list of fields that the writer names.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/base/clock.h"
#include "core/base/encoding.h"
#include "core/base/json.h"
#include "core/store/database.h"

namespace authctl::audit {

enum class Outcome { success, failure, denied };
std::string_view word_of(Outcome outcome);
std::optional<Outcome> parse_outcome(std::string_view word);

struct Target {
  std::string kind = {};  // "user", "role", "key", "token", "store", …; empty: none
  std::string id = {};
  std::string name = {};
};

// What a service says; the log adds seq, time, actor, address and reason.
struct Event {
  std::string action;  // noun.verb
  Target target = {};
  Outcome outcome = Outcome::success;
  base::json::object detail = {};
  std::string ip = {};  // where it is not the author's: an entry that sums up what others did
};

// Who acts, from where and why.
struct Author {
  std::string actor;      // "os:NAME", "user:ID"
  std::string ip;         // empty: none
  std::string reason;     // empty: none
  std::string sudo_user;  // empty: none; stands in `detail`
};

// A row of audit_entry as it stands in the table; the views live as long as the row.
struct StoredEntry {
  std::int64_t seq = 0;   // from 1, without a gap
  std::int64_t time = 0;  // unix milliseconds
  std::string_view actor, action;
  std::optional<std::string_view> target_kind, target_id, target_name;
  std::string_view outcome;
  std::optional<std::string_view> ip, reason;
  std::string_view detail;  // a canonical JSON object
};

// The columns of a StoredEntry in the order in which read_entry() takes them.
inline constexpr std::string_view entry_columns =
    "seq, time, actor, action, target_kind, target_id, target_name, outcome, ip, reason, detail";
StoredEntry read_entry(const store::Rows& row);

// The record that is hashed: canonical JSON of every stored column but `leaf` and `mac`. The text of `detail`
// stands in it as a string, so that no two rows have the same record.
void write_record(const StoredEntry& entry, std::string& record);

// A row that has left the database.
struct Entry {
  std::int64_t seq = 0;
  base::Timestamp time;
  std::string actor;
  std::string action;
  std::optional<Target> target;
  std::string outcome;
  std::optional<std::string> ip;
  std::optional<std::string> reason;
  std::string detail;
};
Entry copy_entry(const StoredEntry& row);

}  // namespace authctl::audit
