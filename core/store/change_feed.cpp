#include "core/store/change_feed.h"

namespace authctl::store {
namespace {

void take_tokens(Rows& rows, std::vector<DeadToken>& tokens) {
  while (rows.next()) tokens.push_back({rows.string(0), rows.time(1)});
}

}  // namespace

LogHead log_head(Database& db) {
  auto rows = db.query("SELECT size, latest FROM audit_head WHERE id = 1");
  return rows->next() ? LogHead{rows->integer(0), rows->time(1)} : LogHead{};
}

std::vector<FeedEntry> entries_after(Database& db, std::int64_t seq, std::int64_t limit) {
  auto rows = db.query(
      "SELECT seq, time, action, target_kind, target_id FROM audit_entry WHERE seq > $1 ORDER BY seq LIMIT "
      "$2",
      {seq, limit});
  std::vector<FeedEntry> entries;
  while (rows->next()) {
    entries.push_back({rows->integer(0), rows->time(1), rows->string(2),
                       rows->optional_string(3).value_or(""), rows->optional_string(4).value_or("")});
  }
  return entries;
}

void prove_writable(Database& db) {
  Transaction transaction(db);
  // There and back: SQLite leaves out of a commit what a statement did not change.
  db.execute("UPDATE audit_head SET size = size + 1 WHERE id = 1");
  db.execute("UPDATE audit_head SET size = size - 1 WHERE id = 1");
  transaction.commit();
}

void prove_in_place(Database& db) {
  if (!db.is_in_place())
    throw base::Error(base::ErrorCode::unavailable, "the store was moved away or replaced",
                      "put it back, or start again with the one that stands there now");
}

std::vector<DeadToken> tokens_revoked_since(Database& db, base::Timestamp since, base::Timestamp now) {
  std::vector<DeadToken> tokens;
  take_tokens(*db.query("SELECT jti, expires_at FROM issued_token WHERE revoked_at >= $1 AND expires_at > $2",
                        {since, now}),
              tokens);
  take_tokens(
      *db.query("SELECT jti, expires_at FROM revoked_token WHERE revoked_at >= $1 AND expires_at > $2",
                {since, now}),
      tokens);
  return tokens;
}

std::vector<DeadToken> tokens_revoked_of_session(Database& db, std::string_view session_id,
                                                 base::Timestamp now) {
  std::vector<DeadToken> tokens;
  take_tokens(*db.query("SELECT jti, expires_at FROM issued_token WHERE session_id = $1 AND expires_at > $2 "
                        "AND revoked_at IS NOT NULL",
                        {session_id, now}),
              tokens);
  return tokens;
}

std::vector<CutoffRange> token_cutoffs(Database& db) {
  auto rows = db.query("SELECT kid, issued_from, issued_until FROM token_cutoff");
  std::vector<CutoffRange> cutoffs;
  while (rows->next()) cutoffs.push_back({rows->string(0), rows->time(1), rows->time(2)});
  return cutoffs;
}

}  // namespace authctl::store
