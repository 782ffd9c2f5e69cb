// Backups of a store: made while others write, checked by restoring them beside, and brought back.
// Invariant: whatever was committed before a backup began is in it; a file that takes its place is whole.
//
//   create:  entry "backup.create" ──► one snapshot, sealed into FILE.partial ──► fsync, rename ──►
//   "backup.finish" verify:  header, key ──► a scratch store in a private folder ──► schema, rows, seals, log
#pragma once
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "core/base/json.h"
#include "core/service/backup_file.h"
#include "core/service/master_key.h"
#include "core/service/realm.h"
#include "core/store/store_copy.h"

namespace authctl::service {

// Rows so far, and bytes of the file where they are known; may throw to end it.
using BackupProgress = std::function<void(std::uint64_t done, std::uint64_t total)>;

struct BackupRequest {
  std::string file;
  bool replace = false;                    // go over a file that is there
  std::optional<base::Secret> passphrase;  // none: sealed to the store's master key
  BackupProgress progress;
};

struct BackupReport {
  BackupHeader header;
  std::string file;
  std::int64_t rows = 0;
  std::optional<std::uint64_t> bytes;  // nothing on a dry run
};

// Error conflict where the file exists, io where it cannot be written.
BackupReport create_backup(Realm& realm, const Cause& cause, const BackupRequest& request);

// What opens a backup: asked only for what its header says it needs.
struct BackupKey {
  MasterKeySource master_key;
  std::function<base::Secret()> passphrase;
};
// The data key within. Error unverified where it does not open, unavailable where there is no master key.
crypto::Sealer unlock_backup(const BackupHeader& header, const BackupKey& key);

struct VerifyBackupRequest {
  std::string file;
  BackupKey key;
  std::string store_url;                  // what it is compared with, where it can be reached
  std::optional<std::string> checkpoint;  // the text of a signed note that was kept elsewhere
  BackupProgress progress;
};

struct BackupVerification {
  std::string file;
  std::optional<BackupHeader> header;  // nothing where it is no backup at all
  std::vector<std::string> problems;   // empty: it would restore
  std::int64_t rows = 0;
  // Against the store it was made of; nothing where that cannot be read, or is another.
  std::optional<std::int64_t> entries_since, newer_backups;
  std::vector<std::string> notices;
};

// Error not_found and io for the file itself; what is wrong with its content is a problem.
BackupVerification verify_backup(const VerifyBackupRequest& request, const Cause& cause,
                                 const base::Clock& clock, base::Random& random);

base::json::object backup_json(const BackupReport& report);
base::json::object backup_json(const BackupVerification& result);

// For restore: everything that verify looks at, in a store that was read out of the backup.
std::vector<std::string> problems_of(store::Database& scratch, const crypto::Sealer& sealer,
                                     const BackupHeader& header,
                                     const std::optional<std::string>& checkpoint);
// Error unavailable where the schema is newer than this program, or another with the same number.
void check_schema_of(const BackupHeader& header);
// Reads the tables into a new SQLite file and brings it to the newest schema; gives the number of rows.
std::unique_ptr<store::Database> read_into_scratch(BackupReader& reader, const std::string& path,
                                                   std::int64_t& rows, const BackupProgress& progress);

}  // namespace authctl::service
