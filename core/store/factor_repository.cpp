#include "core/store/factor_repository.h"

namespace authctl::store {
namespace {

constexpr std::size_t users_a_statement = 64;

TotpRow read_totp(const Rows& rows) {
  TotpRow row;
  row.id = rows.string(0);
  row.user_id = rows.string(1);
  row.state = rows.text(2) == "confirmed" ? EnrolmentState::confirmed : EnrolmentState::pending;
  row.sealed = rows.bytes(3);
  row.issuer = rows.string(4);
  row.settings = {credential::totp_algorithm_from(rows.text(5)), static_cast<int>(rows.integer(6)),
                  base::Duration(rows.integer(7))};
  if (!rows.is_null(8)) row.last_step = rows.integer(8);
  row.created_at = rows.time(9);
  row.confirmed_at = rows.optional_time(10);
  return row;
}

// `head` with the placeholders of a page of ids after it.
std::string of_users(std::string head) {
  for (std::size_t i = 0; i < users_a_statement; ++i) head += (i ? ", $" : "$") + std::to_string(i + 1);
  return head;
}

template <class Visit>
void for_each_page(Database& db, const std::string& sql, std::span<const std::string> ids, Visit visit) {
  for (std::size_t start = 0; start < ids.size(); start += users_a_statement) {
    std::vector<Value> values;
    for (std::size_t i = 0; i < users_a_statement; ++i)
      values.push_back(start + i < ids.size() ? Value(ids[start + i]) : Value(nullptr));
    const auto rows = db.query(sql, std::span<const Value>(values));
    while (rows->next()) visit(*rows);
  }
}

}  // namespace

std::string_view word_of(EnrolmentState state) {
  return state == EnrolmentState::confirmed ? "confirmed" : "pending";
}

std::optional<TotpRow> find_totp(Database& db, std::string_view user_id, EnrolmentState state) {
  const auto rows = db.query(
      "SELECT id, user_id, state, sealed, issuer, algorithm, digits, period, last_step, created_at, "
      "confirmed_at FROM totp_enrolment WHERE user_id = $1 AND state = $2",
      {user_id, word_of(state)});
  if (!rows->next()) return std::nullopt;
  return read_totp(*rows);
}

void put_totp(Database& db, const TotpRow& row) {
  db.execute("DELETE FROM totp_enrolment WHERE user_id = $1 AND state = $2",
             {row.user_id, word_of(row.state)});
  db.execute(
      "INSERT INTO totp_enrolment (id, user_id, state, sealed, issuer, algorithm, digits, period, last_step, "
      "created_at, confirmed_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
      {row.id, row.user_id, word_of(row.state), row.sealed, row.issuer,
       credential::word_of(row.settings.algorithm), row.settings.digits,
       static_cast<std::int64_t>(row.settings.period.count()), row.last_step, row.created_at,
       row.confirmed_at});
}

void confirm_totp(Database& db, const TotpRow& pending, std::int64_t step, base::Timestamp now) {
  db.execute("DELETE FROM totp_enrolment WHERE user_id = $1 AND state = 'confirmed'", {pending.user_id});
  db.execute("UPDATE totp_enrolment SET state = 'confirmed', last_step = $2, confirmed_at = $3 WHERE id = $1",
             {pending.id, step, now});
}

bool use_totp_step(Database& db, std::string_view id, std::int64_t step) {
  return db.execute(
             "UPDATE totp_enrolment SET last_step = $2 WHERE id = $1 AND (last_step IS NULL OR last_step < "
             "$2)",
             {id, step}) == 1;
}

std::int64_t drop_totp(Database& db, std::string_view user_id) {
  return db.execute("DELETE FROM totp_enrolment WHERE user_id = $1", {user_id});
}

std::int64_t replace_backup_codes(Database& db, std::string_view user_id, std::span<const base::Bytes> macs,
                                  base::Timestamp now) {
  const auto ended = count_backup_codes(db, user_id).left;
  db.execute("DELETE FROM backup_code WHERE user_id = $1", {user_id});
  for (const auto& mac : macs)
    db.execute("INSERT INTO backup_code (user_id, mac, created_at) VALUES ($1, $2, $3)", {user_id, mac, now});
  return ended;
}

std::int64_t end_backup_codes(Database& db, std::string_view user_id, base::Timestamp now) {
  return db.execute("UPDATE backup_code SET used_at = $2 WHERE user_id = $1 AND used_at IS NULL",
                    {user_id, now});
}

bool use_backup_code(Database& db, std::string_view user_id, base::ByteView mac, base::Timestamp now) {
  return db.execute("UPDATE backup_code SET used_at = $3 WHERE user_id = $1 AND mac = $2 AND used_at IS NULL",
                    {user_id, mac, now}) == 1;
}

bool is_used_backup_code(Database& db, std::string_view user_id, base::ByteView mac) {
  return db
      .query("SELECT 1 FROM backup_code WHERE user_id = $1 AND mac = $2 AND used_at IS NOT NULL",
             {user_id, mac})
      ->next();
}

std::vector<HashedBackupCode> hashed_backup_codes(Database& db, std::string_view user_id) {
  const auto rows = db.query(
      "SELECT hash, mac FROM backup_code WHERE user_id = $1 AND hash <> '' ORDER BY COALESCE(used_at, 0), "
      "mac",
      {user_id});
  std::vector<HashedBackupCode> codes;
  while (rows->next()) codes.push_back({rows->string(0), rows->bytes(1)});
  return codes;
}

bool has_imported_backup_codes(Database& db, std::string_view user_id) {
  return db.query("SELECT 1 FROM backup_code WHERE user_id = $1 AND hash IS NOT NULL LIMIT 1", {user_id})
      ->next();
}

std::vector<BackupCodeRow> list_backup_codes(Database& db, const BackupCodeRow& after, std::int64_t limit) {
  const auto rows = db.query(
      "SELECT user_id, mac, created_at, used_at FROM backup_code WHERE (user_id, mac) > ($1, $2) "
      "ORDER BY user_id, mac LIMIT $3",
      {after.user_id, base::ByteView(after.mac), limit});
  std::vector<BackupCodeRow> codes;
  while (rows->next())
    codes.push_back({rows->string(0), rows->bytes(1), rows->time(2), rows->optional_time(3)});
  return codes;
}

BackupCodeCount count_backup_codes(Database& db, std::string_view user_id) {
  const auto rows = db.query(
      "SELECT COUNT(*), COUNT(used_at), MAX(created_at) FROM backup_code WHERE user_id = $1", {user_id});
  rows->next();
  return {rows->integer(0) - rows->integer(1), rows->integer(1), rows->optional_time(2)};
}

std::map<std::string, Factors> factors_of_users(Database& db, std::span<const std::string> ids) {
  static const auto totp =
      of_users("SELECT user_id FROM totp_enrolment WHERE state = 'confirmed' AND user_id IN (") + ")";
  static const auto codes =
      of_users("SELECT user_id, COUNT(*) FROM backup_code WHERE used_at IS NULL AND user_id IN (") +
      ") GROUP BY user_id";
  std::map<std::string, Factors> factors;
  for_each_page(db, totp, ids, [&](const Rows& rows) { factors[rows.string(0)].totp = true; });
  for_each_page(db, codes, ids,
                [&](const Rows& rows) { factors[rows.string(0)].backup_codes_left = rows.integer(1); });
  return factors;
}

}  // namespace authctl::store
