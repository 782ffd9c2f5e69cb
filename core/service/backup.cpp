#include "core/service/backup.h"

#include <algorithm>
#include <chrono>
#include <thread>

#include "core/audit/log.h"
#include "core/base/error.h"
#include "core/base/file.h"
#include "core/crypto/passphrase.h"
#include "core/service/change.h"
#include "core/service/opening.h"
#include "core/store/migrations.h"
#include "core/store/snapshot.h"
#include "core/store/store_dump.h"

namespace authctl::service {
namespace {

using base::Error;
using base::ErrorCode;
using base::json::object;

PassphraseSlot make_slot(Realm& realm, const BackupHeader& header, const base::Secret& passphrase) {
  if (realm.sealer().previous())  // two keys open what is in the store, and a slot holds one
    throw Error(ErrorCode::precondition, "the data key is being replaced",
                "end that first: authctl master-key rotate --reseal");
  PassphraseSlot slot{crypto::passphrase_cost, base::Bytes(crypto::passphrase_salt_size), {}};
  realm.random().fill(slot.salt);
  const crypto::Sealer outer(crypto::derive_from_passphrase(passphrase, slot.salt, slot.cost));
  slot.sealed = realm.sealer().seal_itself(outer, passphrase_place(header), realm.random());
  return slot;
}

// What of the header the snapshot says.
void describe_snapshot(Realm& realm, BackupHeader& header) {
  const auto head = audit::read_head(realm.db());
  header.schema = store::applied_version(realm.db());
  header.schema_digest = store::schema_digest(header.schema);
  header.store_id =
      std::string(base::text_of(store::find_meta(realm.db(), "store_id").value_or(base::Bytes{})));
  header.log_size = static_cast<std::int64_t>(head.frontier.size());
  header.note = head.note;
  const auto key = audit::read_verifier_key(realm.db());
  if (!key)
    throw Error(ErrorCode::unverified, "the public key of the audit log is missing", "authctl audit verify");
  header.public_key = audit::format_verifier_key(*key);
  if (!header.passphrase) header.data_keys = store::list_data_keys(realm.db());
}

void record_begin(Realm& realm, const Cause& cause, const BackupHeader& header, const std::string& place) {
  change(realm, cause, [&](Change& c) {
    c.db().execute("INSERT INTO backup (id, file, opened_by, started_at) VALUES ($1, $2, $3, $4)",
                   {header.id, audit::entry_text(place, 4096), header.sealed_to(), header.created_at});
    c.record({"backup.create",
              {"backup", header.id, place},
              audit::Outcome::success,
              {{"sealed_to", header.sealed_to()}}});
  });
}

void record_end(Realm& realm, const Cause& cause, const BackupReport& report, const std::string& place) {
  change(realm, cause, [&](Change& c) {
    c.db().execute("UPDATE backup SET finished_at = $2, log_size = $3, bytes = $4 WHERE id = $1",
                   {report.header.id, c.now(), report.header.log_size,
                    static_cast<std::int64_t>(report.bytes.value_or(0))});
    c.record(
        {"backup.finish",
         {"backup", report.header.id, place},
         audit::Outcome::success,
         {{"rows", report.rows}, {"bytes", report.bytes.value_or(0)}, {"log_size", report.header.log_size}}});
  });
}

BackupReport foretell(Realm& realm, BackupReport report) {
  const store::Snapshot snapshot(realm.db());
  describe_snapshot(realm, report.header);
  for (const auto& table : store::count_rows(realm.db())) report.rows += table.rows;
  return report;
}

// Rests three times as long as each portion took, so that a server on the same machine goes on answering: a
// backup takes a quarter of what it could have of processors, disk and PostgreSQL, and less where others are
// busy.
class Pace {
 public:
  explicit Pace(const Realm& realm) : realm_(realm), began_(realm.by_clock()) {}
  void passed(std::size_t bytes) {
    constexpr std::size_t portion = 512 << 10;                                     // some 5 ms of work
    constexpr base::Timestamp::duration longest = std::chrono::milliseconds(100);  // clocks are set
    since_ += bytes;
    if (since_ < portion) return;
    since_ = 0;
    std::this_thread::sleep_for(
        std::clamp(3 * (realm_.by_clock() - began_), base::Timestamp::duration::zero(), longest));
    began_ = realm_.by_clock();
  }

 private:
  const Realm& realm_;
  base::Timestamp began_;
  std::size_t since_ = 0;
};

}  // namespace

BackupReport create_backup(Realm& realm, const Cause& cause, const BackupRequest& request) {
  BackupReport report;
  report.file = request.file;
  report.header.created_at = realm.now();
  report.header.id = base::make_uuid7(realm.random(), base::to_unix_millis(report.header.created_at));
  if (request.passphrase) report.header.passphrase = make_slot(realm, report.header, *request.passphrase);
  if (cause.dry_run) return foretell(realm, std::move(report));
  base::WholeFile file(request.file, request.replace ? base::IfExists::replace : base::IfExists::refuse);
  // The entry first: what leaves the house is in the log before it leaves, and the backup knows of itself.
  const auto place = base::absolute_path(request.file);
  record_begin(realm, cause, report.header, place);
  {
    const store::Snapshot snapshot(realm.db());
    describe_snapshot(realm, report.header);
    BackupWriter writer(file, report.header, realm.sealer());
    Pace pace(realm);
    const auto counts = store::dump_store(
        realm.db(),
        [&](base::ByteView bytes) {
          writer.write(bytes);
          pace.passed(bytes.size());
        },
        [&](std::int64_t rows) {
          if (rows % 1000 == 0 && request.progress) request.progress(static_cast<std::uint64_t>(rows), 0);
        });
    for (const auto& table : counts) report.rows += table.rows;
    writer.finish();
  }
  file.publish();
  report.bytes = file.size();
  record_end(realm, cause, report, place);
  return report;
}

crypto::Sealer unlock_backup(const BackupHeader& header, const BackupKey& key) {
  if (header.passphrase) {
    const auto& slot = *header.passphrase;
    const crypto::Sealer outer(crypto::derive_from_passphrase(key.passphrase(), slot.salt, slot.cost));
    try {
      return crypto::Sealer::adopt(outer, slot.sealed, passphrase_place(header));
    } catch (const Error&) {
      throw Error(ErrorCode::unverified, "the passphrase does not open it",
                  "--passphrase-file FILE with the one that it was made with");
    }
  }
  try {
    return unwrap_data_key(header.data_keys, read_master_key(key.master_key));
  } catch (const Error& error) {
    if (error.code() != ErrorCode::unverified) throw;
    throw Error(ErrorCode::unverified, "the master key is not the one that it was made under",
                "AUTHCTL_MASTER_KEY_FILE names the key of that time");
  }
}

object backup_json(const BackupReport& report) {
  const auto& header = report.header;
  object json{{"id", header.id},
              {"file", report.file},
              {"created_at", base::to_rfc3339(header.created_at)},
              {"store", header.store_id},
              {"schema", header.schema},
              {"entries", header.log_size},
              {"sealed_to", header.sealed_to()},
              {"rows", report.rows},
              {"bytes", nullptr}};
  if (report.bytes) json["bytes"] = *report.bytes;
  return json;
}

}  // namespace authctl::service
