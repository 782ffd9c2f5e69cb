// What went on lately, by hour and kind, and where failures came from: the figures of a picture. Invariant:
// addresses are redacted, and only the entries of the hours that are shown are read.
#pragma once
#include <array>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "core/base/clock.h"
#include "core/service/realm.h"

namespace authctl::service {

inline constexpr std::size_t hours_shown = 48;

struct AuditActivity {
  base::Timestamp begin{};  // of the first hour
  // What an action is about ("auth", "user"), most frequent first, with the entries of each hour.
  std::vector<std::pair<std::string, std::array<std::int64_t, hours_shown>>> kinds;
  std::vector<std::pair<std::string, std::int64_t>> refused_by_address;  // most first
  std::int64_t entries = 0, refused = 0;
};

// The hours up to that of the newest entry; where there is none, up to `now`.
AuditActivity audit_activity(Realm& realm, base::Timestamp now);

}  // namespace authctl::service
