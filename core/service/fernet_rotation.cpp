#include "core/service/fernet_rotation.h"

#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/shell_word.h"
#include "core/base/staged_file.h"
#include "core/base/text.h"
#include "core/service/change.h"
#include "core/store/key_repository.h"
#include "core/store/rotation_job.h"

namespace authctl::service {
namespace {

store::RotationJob make_job(Realm& realm, const FernetKeys& keys, const ReencryptionRequest& request) {
  store::RotationJob job;
  job.id = base::make_uuid7(realm.random(), base::to_unix_millis(realm.now()));
  if (!request.output.empty()) job.output = base::absolute_path(request.output);
  job.started_at = realm.now();
  for (std::size_t i = 0; i < keys.ring.size(); ++i) job.kids.push_back(keys.ring.kid(i));
  return job;
}

audit::Event event_of(const FernetKeys& keys, const store::RotationJob& job, base::json::object detail) {
  detail["job"] = job.id;
  detail["output"] = job.output ? base::json::value(*job.output) : base::json::value();
  detail["opened_revoked"] =
      keys.opened_revoked.empty() ? base::json::value() : base::json::value(keys.opened_revoked);
  return {"fernet.rotate", {"key", keys.ring.kid(0), ""}, audit::Outcome::success, std::move(detail)};
}

// A run that began before an emergency would bring the data under the very key that leaked.
void refuse_if_revoked(store::Database& db, const store::RotationJob& job) {
  const auto& active = job.kids.front();
  const auto row = store::KeyRepository(db).find(active);
  if (row && row->state != store::KeyState::revoked) return;
  throw base::Error(
      base::ErrorCode::precondition,
      "key " + base::quote(active) + ", under which the tokens were to come, was revoked meanwhile",
      job.output ? "delete " + base::quote(*job.output + ".partial") + " if it is there, and start again"
                 : "start again");
}

// There is nothing to go on with: then it needs no key any more.
bool is_over(const ReencryptionRequest& request) {
  return request.output.empty() || !base::StagedFile::is_begun(request.output);
}

}  // namespace

RecordTally rotate_fernet(Realm& realm, const Cause& cause, const FernetKeys& keys, base::ByteSource& source,
                          const ReencryptionRequest& request, StreamHooks hooks) {
  require_active(keys);
  const auto job = make_job(realm, keys, request);
  bool open = false;
  // Not earlier: the job of another process that is at the same output would give way to this one.
  hooks.begun = [&] {
    change(realm, cause, [&](Change& c) {
      refuse_if_revoked(c.db(), job);
      store::RotationJobs(c.db()).open(job);
      c.record(event_of(keys, job, {{"step", "started"}}));
    });
    open = true;
  };
  hooks.alive = [&] {
    change(realm, cause, [&](Change& c) {
      refuse_if_revoked(c.db(), job);
      store::RotationJobs(c.db()).touch(job.id, c.now());
    });
  };
  const auto close = [&](base::json::object detail) {
    change(realm, cause, [&](Change& c) {
      store::RotationJobs(c.db()).close(job.id);
      c.record(event_of(keys, job, std::move(detail)));
    });
  };
  try {
    auto tally = reencrypt(source, keys.ring, realm.random(), request, hooks);
    close({{"step", "finished"},
           {"rotated", tally.rotated},
           {"current", tally.current},
           {"empty", tally.empty},
           {"failed", tally.failed}});
    return tally;
  } catch (...) {
    if (open && is_over(request)) close({{"step", "abandoned"}});
    throw;
  }
}

void refuse_while_rotating(store::Database& db, const std::string& kid, base::Timestamp now) {
  const auto jobs = store::RotationJobs(db).needing(kid, now);
  if (jobs.empty()) return;
  const auto& job = jobs.front();
  throw base::Error(
      base::ErrorCode::precondition,
      "a re-encryption needs key " + base::quote(kid) + " (since " + base::to_rfc3339(job.started_at) +
          (job.output ? ", into " + base::quote(*job.output) : std::string(", into a pipe")) + ")",
      job.output ? "authctl fernet rotate FILE --out " + base::shell_word(*job.output) + " --resume"
                 : "wait until it is done");
}

}  // namespace authctl::service
