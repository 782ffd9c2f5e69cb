// One line of the audit log: who did what to what, when, from where, why, and how it ended.
// Invariant: no secret is ever in it; `detail` is an allow-list of fields that the writer names.
#pragma once
#include <cstdint>
#include <optional>
#include <string>

#include "core/base/clock.h"
#include "core/base/encoding.h"
#include "core/base/json.h"

namespace authctl::audit {

enum class Outcome { success, failure, denied };
std::string_view word_of(Outcome outcome);

struct Target {
  std::string kind;  // "user", "role", "key", "token", "store", …; empty: none
  std::string id;
  std::string name;
};

// What a service says; the log adds seq, time, actor, address and reason.
struct Event {
  std::string action;  // noun.verb
  Target target;
  Outcome outcome = Outcome::success;
  base::json::object detail;
};

struct Entry {
  std::int64_t seq = 0;  // from 1, without a gap
  base::Timestamp time;
  std::string actor;
  std::string action;
  std::optional<Target> target;
  std::string outcome;
  std::optional<std::string> ip;
  std::optional<std::string> reason;
  std::string detail;  // canonical JSON object
  base::Bytes leaf;    // RFC 6962 section 2.1: SHA-256(0x00 || record)
};

// The record that is hashed: canonical JSON of every stored column but the leaf.
std::string canonical_record(const Entry& entry);

}  // namespace authctl::audit
