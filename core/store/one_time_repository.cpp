#include "core/store/one_time_repository.h"

namespace authctl::store {

void OneTimeRepository::insert_challenge(base::ByteView hash, const ChallengeRow& row) {
  db_.execute(
      "INSERT INTO mfa_challenge (hash, user_id, door, remember_me, created_at, expires_at, failures) VALUES "
      "($1, $2, $3, $4, $5, $6, 0)",
      {hash, row.user_id, word_of(row.door), row.remember_me, row.created_at, row.expires_at});
}

std::optional<ChallengeRow> OneTimeRepository::try_challenge(base::ByteView hash, std::int64_t most,
                                                             base::Timestamp now) {
  if (db_.execute("UPDATE mfa_challenge SET failures = failures + 1 WHERE hash = $1 AND used_at IS NULL AND "
                  "failures < $2 AND expires_at > $3",
                  {hash, most, now}) == 0)
    return std::nullopt;
  const auto row = db_.query(
      "SELECT user_id, door, remember_me, created_at, expires_at FROM mfa_challenge WHERE hash = $1", {hash});
  if (!row->next()) return std::nullopt;
  return ChallengeRow{row->string(0), door_from(row->text(1)), row->boolean(2), row->time(3), row->time(4)};
}

void OneTimeRepository::give_back_try(base::ByteView hash) {
  db_.execute("UPDATE mfa_challenge SET failures = failures - 1 WHERE hash = $1 AND failures > 0", {hash});
}

bool OneTimeRepository::use_challenge(base::ByteView hash, base::Timestamp now) {
  return db_.execute("UPDATE mfa_challenge SET used_at = $2 WHERE hash = $1 AND used_at IS NULL",
                     {hash, now}) == 1;
}

void OneTimeRepository::insert_reset(base::ByteView hash, std::string_view user_id, base::Timestamp now,
                                     base::Timestamp expires_at) {
  db_.execute("INSERT INTO password_reset (hash, user_id, created_at, expires_at) VALUES ($1, $2, $3, $4)",
              {hash, user_id, now, expires_at});
}

std::optional<std::string> OneTimeRepository::find_reset(base::ByteView hash, base::Timestamp now) {
  const auto row =
      db_.query("SELECT user_id FROM password_reset WHERE hash = $1 AND used_at IS NULL AND expires_at > $2",
                {hash, now});
  return row->next() ? std::optional(row->string(0)) : std::nullopt;
}

bool OneTimeRepository::use_reset(base::ByteView hash, base::Timestamp now) {
  return db_.execute(
             "UPDATE password_reset SET used_at = $2 WHERE hash = $1 AND used_at IS NULL AND expires_at > $2",
             {hash, now}) == 1;
}

std::optional<OneTimeRow> OneTimeRepository::look_at_challenge(base::ByteView hash) {
  const auto row = db_.query(
      "SELECT user_id, created_at, expires_at, used_at, failures FROM mfa_challenge WHERE hash = $1", {hash});
  if (!row->next()) return std::nullopt;
  return OneTimeRow{row->string(0), row->time(1), row->time(2), row->optional_time(3), row->integer(4)};
}

std::optional<OneTimeRow> OneTimeRepository::look_at_reset(base::ByteView hash) {
  const auto row = db_.query(
      "SELECT user_id, created_at, expires_at, used_at FROM password_reset WHERE hash = $1", {hash});
  if (!row->next()) return std::nullopt;
  return OneTimeRow{row->string(0), row->time(1), row->time(2), row->optional_time(3), 0};
}

void OneTimeRepository::end_resets(std::string_view user_id) {
  db_.execute("DELETE FROM password_reset WHERE user_id = $1", {user_id});
}

void OneTimeRepository::end_challenges(std::string_view user_id) {
  db_.execute("DELETE FROM mfa_challenge WHERE user_id = $1", {user_id});
}

void OneTimeRepository::prune(base::Timestamp now, std::int64_t limit) {
  db_.execute(
      "DELETE FROM mfa_challenge WHERE hash IN (SELECT hash FROM mfa_challenge WHERE expires_at < $1 ORDER "
      "BY "
      "expires_at LIMIT $2)",
      {now, limit});
  db_.execute(
      "DELETE FROM password_reset WHERE hash IN (SELECT hash FROM password_reset WHERE expires_at < $1 ORDER "
      "BY expires_at LIMIT $2)",
      {now, limit});
}

}  // namespace authctl::store
