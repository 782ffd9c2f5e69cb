// When each source did something lately: the times of what was let through, as one value a source.
// Invariant: a row says until when it matters; what is over may go at any time.
#pragma once
#include <string_view>
#include <vector>

#include "core/store/database.h"

namespace authctl::store {

// Oldest first; empty where nothing is known.
std::vector<base::Timestamp> rate_events(Database& db, std::string_view source);
void put_rate_events(Database& db, std::string_view source, const std::vector<base::Timestamp>& events,
                     base::Timestamp expires_at);
void prune_rates(Database& db, base::Timestamp now, std::int64_t limit);

}  // namespace authctl::store
