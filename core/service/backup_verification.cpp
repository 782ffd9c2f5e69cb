#include <cstdio>

#include "core/audit/log.h"
#include "core/audit/verification.h"
#include "core/base/error.h"
#include "core/base/file.h"
#include "core/service/backup.h"
#include "core/service/change.h"
#include "core/service/opening.h"
#include "core/service/scratch_folder.h"
#include "core/service/sealed_values.h"
#include "core/store/migrations.h"
#include "core/store/sqlite.h"
#include "core/store/store_check.h"
#include "core/store/store_dump.h"

namespace authctl::service {
namespace {

using base::Error;
using base::ErrorCode;
using base::json::object;

// A newer store would make the numbers meaningless, an older one is what a rollback looks like.
void compare_with_store(const VerifyBackupRequest& request, BackupVerification& result) {
  const auto db = store::open_database(request.store_url, store::OpenMode::read_only);
  const auto id = store::find_meta(*db, "store_id");
  if (!id || base::text_of(*id) != result.header->store_id) {
    result.notices.push_back("it was made of another store than the one that is configured here");
    return;
  }
  const auto size = static_cast<std::int64_t>(audit::read_head(*db).frontier.size());
  result.entries_since = size - result.header->log_size;
  if (*result.entries_since < 0) {
    result.notices.push_back("warning: the store here is older than the backup: its log has " +
                             std::to_string(size) + " entries, the backup's " +
                             std::to_string(result.header->log_size) + "; it was rolled back");
  }
  const auto rows = db->query("SELECT COUNT(*) FROM backup WHERE started_at > $1 AND finished_at IS NOT NULL",
                              {result.header->created_at});
  rows->next();
  result.newer_backups = rows->integer(0);
  if (*result.newer_backups > 0) {
    const bool one = *result.newer_backups == 1;
    result.notices.push_back((one ? "there is " : "there are ") + std::to_string(*result.newer_backups) +
                             (one ? " newer backup" : " newer backups") +
                             ": restoring this one would lose what is only there");
  }
}

// The store remembers that this backup was seen to be whole; a store that cannot be opened does not.
void remember(const VerifyBackupRequest& request, const BackupHeader& header, const Cause& cause,
              const base::Clock& clock, base::Random& random) {
  try {
    Realm realm = open_realm({request.store_url, request.key.master_key}, clock, random);
    if (!realm.db().query("SELECT id FROM backup WHERE id = $1", {header.id})->next()) return;
    change(realm, cause, [&](Change& c) {
      c.db().execute("UPDATE backup SET verified_at = $2 WHERE id = $1", {header.id, c.now()});
      c.record({"backup.verify",
                {"backup", header.id, base::absolute_path(request.file)},
                audit::Outcome::success,
                {}});
    });
  } catch (const Error&) {
    return;
  }
}

void verify_content(BackupReader& reader, const VerifyBackupRequest& request, BackupVerification& result) {
  check_schema_of(reader.header());
  const crypto::Sealer sealer = unlock_backup(reader.header(), request.key);
  reader.open(sealer);
  const ScratchFolder folder;
  const auto scratch = read_into_scratch(reader, folder.file("scratch.db"), result.rows, request.progress);
  result.problems = problems_of(*scratch, sealer, reader.header(), request.checkpoint);
}

}  // namespace

void check_schema_of(const BackupHeader& header) {
  if (header.schema > store::newest_schema()) {
    throw Error(ErrorCode::unavailable,
                "the backup was written by a newer authctl: its schema is " + std::to_string(header.schema) +
                    ", this program knows " + std::to_string(store::newest_schema()),
                "use the newer authctl");
  }
  if (header.schema < 1 || header.schema_digest != store::schema_digest(header.schema)) {
    throw Error(ErrorCode::unavailable,
                "the backup's schema " + std::to_string(header.schema) +
                    " is not the one that this program knows by that number",
                "use the authctl that made it");
  }
}

std::unique_ptr<store::Database> read_into_scratch(BackupReader& reader, const std::string& path,
                                                   std::int64_t& rows, const BackupProgress& progress) {
  {
    const auto db = store::create_sqlite_at(path, reader.header().schema);
    store::Transaction transaction(*db);
    std::uint64_t done = 0;
    const auto source = [&](std::span<std::uint8_t> out) {
      reader.read(out);
      done += out.size();
    };
    const auto counts = store::load_store(*db, reader.header().schema, source, [&](std::int64_t row) {
      if (row % 1000 == 0 && progress) progress(done, reader.total());
    });
    reader.finish();
    transaction.commit();
    for (const auto& table : counts) rows += table.rows;
  }
  return store::open_database("sqlite:" + path, store::OpenMode::existing);
}

std::vector<std::string> problems_of(store::Database& scratch, const crypto::Sealer& sealer,
                                     const BackupHeader& header,
                                     const std::optional<std::string>& checkpoint) {
  auto problems = store::check_store(scratch).problems;
  for (const auto& value : unreadable_values(scratch, sealer))
    problems.push_back("a sealed value does not open: " + value);
  const auto log = audit::verify_log(
      scratch, {.sealer = &sealer, .public_key = {}, .checkpoint = checkpoint, .progress = {}});
  if (log.verdict != audit::LogVerdict::intact) {
    problems.push_back("its audit log is " + std::string(audit::word_of(log.verdict)) + ": " +
                       log.problem.value_or("unknown"));
  }
  if (audit::read_head(scratch).note != header.note)
    problems.push_back("its log has another head than its header");
  return problems;
}

BackupVerification verify_backup(const VerifyBackupRequest& request, const Cause& cause,
                                 const base::Clock& clock, base::Random& random) {
  BackupVerification result;
  result.file = request.file;
  try {
    BackupReader reader(request.file);
    result.header = reader.header();
    verify_content(reader, request, result);
  } catch (const Error& error) {
    if (error.code() != ErrorCode::unverified) throw;
    result.problems.push_back(error.message());
  }
  if (!result.header || !result.problems.empty()) return result;
  try {
    compare_with_store(request, result);
  } catch (const Error&) {
    result.notices.push_back("there is no store here to compare it with");
    return result;
  }
  remember(request, *result.header, cause, clock, random);
  return result;
}

object backup_json(const BackupVerification& result) {
  object json{{"ok", result.problems.empty()},
              {"file", result.file},
              {"id", nullptr},
              {"created_at", nullptr},
              {"store", nullptr},
              {"schema", nullptr},
              {"entries", nullptr},
              {"sealed_to", nullptr},
              {"rows", result.rows},
              {"entries_since", nullptr},
              {"newer_backups", nullptr}};
  if (result.header) {
    json["id"] = result.header->id;
    json["created_at"] = base::to_rfc3339(result.header->created_at);
    json["store"] = result.header->store_id;
    json["schema"] = result.header->schema;
    json["entries"] = result.header->log_size;
    json["sealed_to"] = result.header->sealed_to();
  }
  if (result.entries_since) json["entries_since"] = *result.entries_since;
  if (result.newer_backups) json["newer_backups"] = *result.newer_backups;
  base::json::array problems;
  for (const auto& problem : result.problems) problems.emplace_back(problem);
  json["problems"] = std::move(problems);
  return json;
}

}  // namespace authctl::service
