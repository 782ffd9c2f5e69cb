#include "core/store/session_repository.h"

#include "core/store/token_repository.h"

namespace authctl::store {
namespace {

constexpr std::string_view session_columns =
    "s.id, s.user_id, s.client_id, s.door, s.remember_me, s.scope, s.ip, s.user_agent, s.kid, s.created_at, "
    "s.last_used_at, s.ends_at, s.ended_at, s.end_reason, u.name";

SessionOfUser read_session(const Rows& row) {
  SessionOfUser session;
  session.id = row.string(0);
  session.user_id = row.string(1);
  session.client_id = row.string(2);
  session.door = door_from(row.text(3));
  session.remember_me = row.boolean(4);
  session.scope = row.string(5);
  session.ip = row.string(6);
  session.user_agent = row.string(7);
  session.kid = row.string(8);
  session.created_at = row.time(9);
  session.last_used_at = row.time(10);
  session.ends_at = row.time(11);
  session.ended_at = row.optional_time(12);
  session.end_reason = row.optional_string(13);
  session.user = row.string(14);
  return session;
}

constexpr std::string_view refresh_columns =
    "SELECT session_id, generation, issued_at, used_at, used_ip, repeats, reused_at, reused_ip FROM "
    "refresh_token ";

RefreshRow read_refresh(const Rows& row) {
  return {row.string(0),          row.integer(1), row.time(2),          row.optional_time(3),
          row.optional_string(4), row.integer(5), row.optional_time(6), row.optional_string(7)};
}

}  // namespace

std::string_view word_of(Door door) { return door == Door::cookie ? "cookie" : "token"; }
Door door_from(std::string_view word) { return word == "cookie" ? Door::cookie : Door::token; }

void SessionRepository::insert(const SessionRow& s) {
  db_.execute(
      "INSERT INTO user_session (id, user_id, client_id, door, remember_me, scope, ip, user_agent, kid, "
      "created_at, last_used_at, ends_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
      {s.id, s.user_id, s.client_id, word_of(s.door), s.remember_me, s.scope, s.ip, s.user_agent, s.kid,
       s.created_at, s.last_used_at, s.ends_at});
}

std::optional<SessionOfUser> SessionRepository::find(std::string_view id) {
  static const std::string sql =
      "SELECT " + std::string(session_columns) +
      " FROM user_session s JOIN user_account u ON u.id = s.user_id WHERE s.id = $1";
  const auto row = db_.query(sql, {id});
  return row->next() ? std::optional(read_session(*row)) : std::nullopt;
}

std::string SessionRepository::list_sql(const SessionFilter& filter) {
  // Row values would keep one engine from its index: the first comparison finds the place, the second breaks
  // ties.
  std::string sql = "SELECT " + std::string(session_columns) +
                    " FROM user_session s JOIN user_account u ON u.id = s.user_id"
                    " WHERE s.created_at <= $1 AND (s.created_at < $1 OR s.id < $2)";
  // `<>`, so that nobody begins with all active users and sorts.
  const std::string live =
      "s.ended_at IS NULL AND s.ends_at > $4 AND s.last_used_at > $5 AND u.status <> 'disabled' AND "
      "u.tokens_valid_from <= s.created_at";
  sql += filter.ended ? " AND NOT (" + live + ")" : " AND " + live;
  if (filter.user_id) sql += " AND s.user_id = $6";
  return sql + " ORDER BY s.created_at DESC, s.id DESC LIMIT $3";
}

std::vector<SessionOfUser> SessionRepository::list(const SessionFilter& filter, const SessionMark& after,
                                                   std::int64_t limit) {
  std::vector<Value> values{after.created_at, after.id, limit, filter.now, filter.used_after};
  if (filter.user_id) values.emplace_back(*filter.user_id);
  const auto rows = db_.query(list_sql(filter), std::span<const Value>(values));
  std::vector<SessionOfUser> sessions;
  while (rows->next()) sessions.push_back(read_session(*rows));
  return sessions;
}

std::int64_t SessionRepository::count_of_key(std::string_view kid, base::Timestamp now) {
  const auto rows = db_.query(
      "SELECT count(*) FROM user_session WHERE kid = $1 AND ended_at IS NULL AND ends_at > $2", {kid, now});
  return rows->next() ? rows->integer(0) : 0;
}

std::vector<std::string> SessionRepository::unended(std::string_view user_id, std::string_view kid) {
  const auto rows =
      !user_id.empty()
          ? db_.query("SELECT id FROM user_session WHERE user_id = $1 AND ended_at IS NULL", {user_id})
      : !kid.empty() ? db_.query("SELECT id FROM user_session WHERE kid = $1 AND ended_at IS NULL", {kid})
                     : db_.query("SELECT id FROM user_session WHERE ended_at IS NULL AND kid >= ''");
  std::vector<std::string> ids;
  while (rows->next()) ids.push_back(rows->string(0));
  return ids;
}

void SessionRepository::touch(const SessionRow& session, std::string_view kid, base::Timestamp now) {
  db_.execute("UPDATE user_session SET last_used_at = $2 WHERE id = $1", {session.id, now});
  if (kid != session.kid) db_.execute("UPDATE user_session SET kid = $2 WHERE id = $1", {session.id, kid});
}

bool SessionRepository::end(std::string_view id, std::string_view reason, base::Timestamp now) {
  if (db_.execute("UPDATE user_session SET ended_at = $3, end_reason = $2 WHERE id = $1 AND ended_at IS NULL",
                  {id, reason, now}) == 0)
    return false;
  revoke_where(db_, now, "session_id = $2", {id});
  return true;
}

std::vector<EndedSession> SessionRepository::ended_since(base::Timestamp since) {
  const auto rows = db_.query("SELECT id, ended_at FROM user_session WHERE ended_at >= $1", {since});
  std::vector<EndedSession> ended;
  while (rows->next()) ended.push_back({rows->string(0), rows->time(1)});
  return ended;
}

void SessionRepository::prune(base::Timestamp before, std::int64_t limit) {
  db_.execute(
      "DELETE FROM user_session WHERE id IN (SELECT id FROM user_session WHERE ends_at < $1 ORDER BY ends_at "
      "LIMIT $2)",
      {before, limit});
}

void SessionRepository::insert_refresh(std::string_view session_id, std::int64_t generation,
                                       base::ByteView hash, base::Timestamp now) {
  db_.execute("INSERT INTO refresh_token (session_id, generation, hash, issued_at) VALUES ($1, $2, $3, $4)",
              {session_id, generation, hash, now});
}

std::optional<RefreshRow> SessionRepository::find_refresh(base::ByteView hash) {
  static const std::string sql = std::string(refresh_columns) + "WHERE hash = $1";
  const auto row = db_.query(sql, {hash});
  return row->next() ? std::optional(read_refresh(*row)) : std::nullopt;
}

std::optional<RefreshRow> SessionRepository::find_refresh(std::string_view session_id,
                                                          std::int64_t generation) {
  static const std::string sql = std::string(refresh_columns) + "WHERE session_id = $1 AND generation = $2";
  const auto row = db_.query(sql, {session_id, generation});
  return row->next() ? std::optional(read_refresh(*row)) : std::nullopt;
}

std::vector<RefreshRow> SessionRepository::lineage(std::string_view session_id) {
  static const std::string sql = std::string(refresh_columns) + "WHERE session_id = $1 ORDER BY generation";
  const auto rows = db_.query(sql, {session_id});
  std::vector<RefreshRow> lineage;
  while (rows->next()) lineage.push_back(read_refresh(*rows));
  return lineage;
}

bool SessionRepository::use_refresh(const RefreshRow& row, std::string_view ip, base::Timestamp now) {
  return db_.execute(
             "UPDATE refresh_token SET used_at = $3, used_ip = $4 WHERE session_id = $1 AND generation = $2 "
             "AND used_at IS NULL",
             {row.session_id, row.generation, now, ip}) == 1;
}

void SessionRepository::count_repeat(const RefreshRow& row) {
  db_.execute("UPDATE refresh_token SET repeats = repeats + 1 WHERE session_id = $1 AND generation = $2",
              {row.session_id, row.generation});
}

void SessionRepository::note_reuse(const RefreshRow& row, std::string_view ip, base::Timestamp now) {
  db_.execute(
      "UPDATE refresh_token SET reused_at = $3, reused_ip = $4 WHERE session_id = $1 AND generation = $2",
      {row.session_id, row.generation, now, ip});
}

}  // namespace authctl::store
