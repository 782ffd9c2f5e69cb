#include "core/store/incident_repository.h"

namespace authctl::store {
namespace {

constexpr std::string_view incident_columns =
    "id, scope, subject, began_at, finished_at, receipt, receipt_seq";

IncidentRow read_incident(const Rows& row) {
  IncidentRow incident;
  incident.id = row.string(0);
  incident.scope = row.string(1);
  incident.subject = row.string(2);
  incident.began_at = row.time(3);
  incident.finished_at = row.optional_time(4);
  incident.receipt = row.optional_string(5);
  if (!row.is_null(6)) incident.receipt_seq = row.integer(6);
  return incident;
}

std::string select(std::string_view rest) {
  return "SELECT " + std::string(incident_columns) + " FROM incident " + std::string(rest);
}

std::int64_t number(Database& db, std::string_view sql, Values values) {
  const auto rows = db.query(sql, values);
  return rows->next() ? rows->integer(0) : 0;
}

}  // namespace

void IncidentRepository::insert(const IncidentRow& incident, const std::vector<IncidentStepRow>& steps) {
  db_.execute("INSERT INTO incident (id, scope, subject, began_at) VALUES ($1, $2, $3, $4)",
              {incident.id, incident.scope, incident.subject, incident.began_at});
  for (const auto& step : steps)
    db_.execute(
        "INSERT INTO incident_step (incident_id, position, step, target, counts) VALUES ($1, $2, $3, $4, $5)",
        {incident.id, step.position, step.step, step.target, step.counts});
}

std::optional<IncidentRow> IncidentRepository::find(std::string_view id) {
  const auto rows = db_.query(select("WHERE id = $1"), {id});
  return rows->next() ? std::optional(read_incident(*rows)) : std::nullopt;
}

std::optional<IncidentRow> IncidentRepository::latest(std::string_view scope, std::string_view subject) {
  const auto open =
      db_.query(select("WHERE scope = $1 AND subject = $2 AND finished_at IS NULL"), {scope, subject});
  if (open->next()) return read_incident(*open);
  const auto rows =
      db_.query(select("WHERE scope = $1 AND subject = $2 ORDER BY began_at DESC LIMIT 1"), {scope, subject});
  return rows->next() ? std::optional(read_incident(*rows)) : std::nullopt;
}

std::vector<IncidentRow> IncidentRepository::finished_since(base::Timestamp since, std::int64_t limit) {
  const auto rows =
      db_.query(select("WHERE finished_at >= $1 AND finished_at IS NOT NULL ORDER BY finished_at LIMIT $2"),
                {since, limit});
  std::vector<IncidentRow> incidents;
  while (rows->next()) incidents.push_back(read_incident(*rows));
  return incidents;
}

std::vector<IncidentStepRow> IncidentRepository::steps(std::string_view id) {
  const auto rows = db_.query(
      "SELECT position, step, target, done_at, counts, first_seq, last_seq FROM incident_step "
      "WHERE incident_id = $1 ORDER BY position",
      {id});
  std::vector<IncidentStepRow> steps;
  while (rows->next()) {
    IncidentStepRow step{
        rows->integer(0), rows->string(1), rows->string(2), rows->optional_time(3), rows->string(4), {}, {}};
    if (!rows->is_null(5)) step.first_seq = rows->integer(5);
    if (!rows->is_null(6)) step.last_seq = rows->integer(6);
    steps.push_back(std::move(step));
  }
  return steps;
}

void IncidentRepository::update_step(std::string_view id, const IncidentStepRow& step) {
  db_.execute(
      "UPDATE incident_step SET done_at = $3, counts = $4, first_seq = $5, last_seq = $6 "
      "WHERE incident_id = $1 AND position = $2",
      {id, step.position, step.done_at, step.counts, step.first_seq, step.last_seq});
}

bool IncidentRepository::finish(const IncidentRow& incident) {
  return db_.execute(
             "UPDATE incident SET finished_at = $2, receipt = $3, receipt_seq = $4 "
             "WHERE id = $1 AND finished_at IS NULL",
             {incident.id, incident.finished_at, incident.receipt, incident.receipt_seq}) == 1;
}

OneTimeCounts IncidentRepository::one_time_things(std::string_view user_id, base::Timestamp now) {
  if (user_id.empty()) {
    return {
        number(db_, "SELECT COUNT(*) FROM mfa_challenge WHERE used_at IS NULL AND expires_at > $1", {now}),
        number(db_, "SELECT COUNT(*) FROM password_reset WHERE used_at IS NULL AND expires_at > $1", {now}),
        number(db_, "SELECT COUNT(*) FROM backup_code WHERE used_at IS NULL", {})};
  }
  return {
      number(db_,
             "SELECT COUNT(*) FROM mfa_challenge WHERE user_id = $1 AND used_at IS NULL AND expires_at > $2",
             {user_id, now}),
      number(db_,
             "SELECT COUNT(*) FROM password_reset WHERE user_id = $1 AND used_at IS NULL AND expires_at > "
             "$2",
             {user_id, now}),
      number(db_, "SELECT COUNT(*) FROM backup_code WHERE user_id = $1 AND used_at IS NULL", {user_id})};
}

std::int64_t IncidentRepository::live_tokens(std::string_view user_id, base::Timestamp now) {
  if (user_id.empty())
    return number(db_, "SELECT COUNT(*) FROM issued_token WHERE expires_at > $1 AND revoked_at IS NULL",
                  {now});
  return number(
      db_,
      "SELECT COUNT(*) FROM issued_token t JOIN user_account u ON u.id = t.user_id WHERE t.user_id = "
      "$1 AND t.expires_at > $2 AND t.revoked_at IS NULL AND t.issued_at >= u.tokens_valid_from",
      {user_id, now});
}

std::int64_t IncidentRepository::end_everybodys_tokens(base::Timestamp now) {
  return db_.execute("UPDATE user_account SET tokens_valid_from = $1", {now});
}

void IncidentRepository::end_everybodys_codes(base::Timestamp now) {
  db_.execute("UPDATE backup_code SET used_at = $1 WHERE used_at IS NULL", {now});
  db_.execute("DELETE FROM password_reset");
  db_.execute("DELETE FROM mfa_challenge");
  db_.execute(
      "UPDATE totp_enrolment SET last_step = $1 / period WHERE last_step IS NULL OR last_step < $1 / period",
      {base::to_unix_seconds(now)});
}

}  // namespace authctl::store
