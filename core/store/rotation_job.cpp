#include "core/store/rotation_job.h"

namespace authctl::store {

void RotationJobs::open(const RotationJob& job) {
  if (job.output) db_.execute("DELETE FROM rotation_job WHERE output = $1", {*job.output});
  db_.execute("INSERT INTO rotation_job (id, output, started_at, touched_at) VALUES ($1, $2, $3, $3)",
              {job.id, job.output, job.started_at});
  for (const auto& kid : job.kids) {
    db_.execute("INSERT INTO rotation_job_key (job_id, kid) VALUES ($1, $2) ON CONFLICT DO NOTHING",
                {job.id, kid});
  }
}

void RotationJobs::touch(const std::string& id, base::Timestamp now) {
  db_.execute("UPDATE rotation_job SET touched_at = $2 WHERE id = $1", {id, now});
}

void RotationJobs::close(const std::string& id) {
  db_.execute("DELETE FROM rotation_job WHERE id = $1", {id});
}

std::optional<RotationJob> RotationJobs::find_by_output(const std::string& output) {
  const auto rows = db_.query("SELECT id, started_at FROM rotation_job WHERE output = $1", {output});
  if (!rows->next()) return std::nullopt;
  RotationJob job{rows->string(0), output, rows->time(1), {}};
  const auto keys = db_.query("SELECT kid FROM rotation_job_key WHERE job_id = $1", {job.id});
  while (keys->next()) job.kids.push_back(keys->string(0));
  return job;
}

std::vector<RotationJob> RotationJobs::needing(const std::string& kid, base::Timestamp now) {
  const auto rows = db_.query(
      "SELECT job.id, job.output, job.started_at FROM rotation_job_key AS needed"
      " JOIN rotation_job AS job ON job.id = needed.job_id"
      " WHERE needed.kid = $1 AND (job.output IS NOT NULL OR job.touched_at > $2) ORDER BY job.started_at",
      {kid, base::Timestamp(now - silence)});
  std::vector<RotationJob> jobs;
  while (rows->next()) jobs.push_back({rows->string(0), rows->optional_string(1), rows->time(2), {kid}});
  return jobs;
}

}  // namespace authctl::store
