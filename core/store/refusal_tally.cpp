#include "core/store/refusal_tally.h"

namespace authctl::store {

std::int64_t count_refusal(Database& db, std::int64_t minute, std::string_view source,
                           std::string_view action) {
  const auto rows = db.query(
      "INSERT INTO refusal_tally (minute, source, action, refused) VALUES ($1, $2, $3, 1) "
      "ON CONFLICT (minute, source, action) DO UPDATE SET refused = refusal_tally.refused + 1 "
      "RETURNING refused",
      {minute, source, action});
  rows->next();
  const auto refused = rows->integer(0);
  while (rows->next()) {
  }
  return refused;
}

bool has_refusal_tallies(Database& db, std::int64_t before_minute) {
  return db.query("SELECT 1 FROM refusal_tally WHERE minute < $1 LIMIT 1", {before_minute})->next();
}

std::vector<RefusalTally> take_refusal_tallies(Database& db, std::int64_t before_minute, std::int64_t limit) {
  std::vector<RefusalTally> tallies;
  {
    const auto rows = db.query(
        "SELECT minute, source, action, refused FROM refusal_tally WHERE minute < $1 "
        "ORDER BY minute, source, action LIMIT $2",
        {before_minute, limit});
    while (rows->next())
      tallies.push_back({rows->integer(0), rows->string(1), rows->string(2), rows->integer(3)});
  }
  for (const auto& tally : tallies)
    db.execute("DELETE FROM refusal_tally WHERE minute = $1 AND source = $2 AND action = $3",
               {tally.minute, tally.source, tally.action});
  return tallies;
}

}  // namespace authctl::store
