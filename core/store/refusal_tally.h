// How often a source was refused something in a minute.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "core/store/database.h"

namespace authctl::store {

struct RefusalTally {
  std::int64_t minute = 0;  // unix minutes
  std::string source, action;
  std::int64_t refused = 0;
};

// One more; gives how many they are.
std::int64_t count_refusal(Database& db, std::int64_t minute, std::string_view source,
                           std::string_view action);
bool has_refusal_tallies(Database& db, std::int64_t before_minute);
// Takes up to `limit` of the minutes before this one out of the table, the oldest first.
std::vector<RefusalTally> take_refusal_tallies(Database& db, std::int64_t before_minute, std::int64_t limit);

}  // namespace authctl::store
