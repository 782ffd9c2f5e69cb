#include "core/store/token_repository.h"

#include <algorithm>

namespace authctl::store {
namespace {

std::optional<base::Timestamp> earliest(Rows& rows) {
  std::optional<base::Timestamp> first;
  while (rows.next()) {
    if (const auto at = rows.optional_time(0)) first = first ? std::min(*first, *at) : *at;
  }
  return first;
}

}  // namespace

void TokenRepository::insert(const IssuedToken& token) {
  db_.execute(
      "INSERT INTO issued_token (jti, kid, user_id, type, session_id, client_id, issued_at, expires_at, "
      "revoked_at) "
      "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
      {token.jti, token.kid, token.user_id, token.type, token.session_id, token.client_id, token.issued_at,
       token.expires_at, token.revoked_at});
}

std::optional<IssuedToken> TokenRepository::find(std::string_view jti) {
  auto row = db_.query(
      "SELECT jti, kid, user_id, type, session_id, client_id, issued_at, expires_at, revoked_at FROM "
      "issued_token "
      "WHERE jti = $1",
      {jti});
  if (!row->next()) return std::nullopt;
  return IssuedToken{row->string(0),
                     row->string(1),
                     row->optional_string(2),
                     row->string(3),
                     row->optional_string(4),
                     row->optional_string(5),
                     row->time(6),
                     row->time(7),
                     row->optional_time(8)};
}

LiveTokens TokenRepository::live_of_key(std::string_view kid, base::Timestamp now) {
  auto row = db_.query(
      "SELECT count(*), max(t.expires_at) FROM issued_token t LEFT JOIN user_account u ON u.id = t.user_id "
      "WHERE t.kid = $1 AND t.expires_at > $2 AND t.revoked_at IS NULL "
      "AND coalesce(u.tokens_valid_from, 0) <= t.issued_at",
      {kid, now});
  if (!row->next()) return {};
  return {row->integer(0), row->optional_time(1)};
}

std::vector<std::string> TokenRepository::clients_of_key(std::string_view kid, base::Timestamp now) {
  const auto rows = db_.query(
      "SELECT DISTINCT c.folded, c.name FROM issued_token t JOIN oauth_client c ON c.id = t.client_id "
      "WHERE t.kid = $1 AND t.expires_at > $2 AND t.revoked_at IS NULL ORDER BY c.folded",
      {kid, now});
  std::vector<std::string> names;
  while (rows->next()) names.push_back(rows->string(1));
  return names;
}

base::Timestamp settled_time(Database& db) {
  constexpr std::int64_t entries_ago = 64;
  const auto rows =
      db.query("SELECT time FROM audit_entry WHERE seq = (SELECT size FROM audit_head WHERE id = 1) - $1",
               {entries_ago});
  return rows->next() ? rows->time(0) : base::Timestamp{};
}

std::int64_t revoke_where(Database& db, base::Timestamp now, std::string_view where, Values values) {
  std::vector<Value> all{now};
  all.insert(all.end(), values.begin(), values.end());
  const auto unmarked = " WHERE revoked_at IS NULL AND " + std::string(where) + " AND expires_at > $";
  const auto live =
      db.query("SELECT count(*) FROM issued_token" + unmarked + "1", std::span<const Value>(all));
  const auto count = live->next() ? live->integer(0) : 0;
  all.emplace_back(std::min(now, settled_time(db)));
  db.execute("UPDATE issued_token SET revoked_at = $1" + unmarked + std::to_string(all.size()),
             std::span<const Value>(all));
  return count;
}

bool TokenRepository::revoke(std::string_view jti, base::Timestamp now) {
  return db_.execute("UPDATE issued_token SET revoked_at = $2 WHERE jti = $1 AND revoked_at IS NULL",
                     {jti, now}) != 0;
}

std::int64_t TokenRepository::revoke_of_user(std::string_view user_id, base::Timestamp now) {
  return revoke_where(db_, now, "user_id = $2", {user_id});
}

std::int64_t TokenRepository::revoke_issued_ahead(std::string_view user_id, base::Timestamp now) {
  return revoke_where(db_, now, "user_id = $2 AND issued_at > $1", {user_id});
}

std::int64_t TokenRepository::revoke_of_key(std::string_view kid, base::Timestamp from, base::Timestamp until,
                                            base::Timestamp now) {
  return revoke_where(db_, now, "kid = $2 AND issued_at >= $3 AND issued_at <= $4", {kid, from, until});
}

bool TokenRepository::revoke_unknown(std::string_view jti, base::Timestamp expires_at, base::Timestamp now) {
  return db_.execute(
             "INSERT INTO revoked_token (jti, expires_at, revoked_at) VALUES ($1, $2, $3) ON CONFLICT (jti) "
             "DO "
             "NOTHING",
             {jti, expires_at, now}) != 0;
}

void TokenRepository::cut_off(const Cutoff& cutoff, std::string_view id) {
  db_.execute(
      "INSERT INTO token_cutoff (id, kid, issued_from, issued_until, revoked_at) VALUES ($1, $2, $3, $4, $5)",
      {id, cutoff.kid, cutoff.from, cutoff.until, cutoff.revoked_at});
}

std::optional<base::Timestamp> TokenRepository::revoked_at(std::string_view jti) {
  return earliest(
      *db_.query("SELECT revoked_at FROM issued_token WHERE jti = $1 UNION ALL SELECT revoked_at "
                 "FROM revoked_token WHERE jti = $1",
                 {jti}));
}

std::optional<base::Timestamp> TokenRepository::cut_off_at(std::string_view kid, base::Timestamp issued_at) {
  return earliest(*db_.query(
      "SELECT revoked_at FROM token_cutoff WHERE kid = $1 AND issued_from <= $2 AND issued_until >= $2",
      {kid, issued_at}));
}

std::vector<std::string> TokenRepository::unrestricted_roles(std::string_view user_id, base::Timestamp now) {
  auto rows = db_.query(
      "SELECT r.name FROM role_assignment a JOIN role r ON r.id = a.role_id "
      "WHERE a.user_id = $1 AND a.resource = '' AND (a.expires_at IS NULL OR a.expires_at > $2)",
      {user_id, now});
  std::vector<std::string> names;
  while (rows->next()) names.push_back(rows->string(0));
  std::sort(names.begin(), names.end());
  return names;
}

bool TokenRepository::has_expired_before(base::Timestamp before) {
  return db_
      .query(
          "SELECT 1 WHERE EXISTS (SELECT 1 FROM revoked_token WHERE expires_at < $1) OR EXISTS (SELECT 1 "
          "FROM issued_token WHERE expires_at < $1)",
          {before})
      ->next();
}

void TokenRepository::prune(base::Timestamp before, std::int64_t limit) {
  db_.execute(
      "DELETE FROM revoked_token WHERE jti IN (SELECT jti FROM revoked_token WHERE expires_at < $1 "
      "ORDER BY expires_at LIMIT $2)",
      {before, limit});
  db_.execute(
      "DELETE FROM issued_token WHERE jti IN (SELECT jti FROM issued_token WHERE expires_at < $1 "
      "ORDER BY expires_at LIMIT $2)",
      {before, limit});
}

}  // namespace authctl::store
