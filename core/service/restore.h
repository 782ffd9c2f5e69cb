// A backup brought back. It is read into a scratch store, checked there, made safe there, and only then put
// in its place, all at once. Invariant: the store is what it was before, or the whole restored one; nothing
// that was signed in, waiting or known to the world at the time of the backup comes back to life.
//
//   file ──► scratch store ──► checks ──► aftermath (everything ends, keys only verify) ──► its place
//                                                             no store there: one rename
//                                                             a store there:  one transaction
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "core/base/config.h"
#include "core/service/backup.h"

namespace authctl::service {

struct RestoreRequest {
  std::string file;
  std::string store_url;
  BackupKey key;
  bool replace = false;     // go over a store that is there
  bool keep_keys = false;   // its active keys go on signing
  base::Settings settings;  // what the backup says of them is added
  BackupProgress progress;
};

struct LostAction {
  std::string action;
  std::int64_t count = 0;
};

// What happened after the backup and is gone now.
struct LostWindow {
  base::Timestamp from, until;          // the backup's last entry; the old store's last one, or now
  std::optional<std::int64_t> entries;  // nothing where the old store is not there to ask
  std::vector<LostAction> actions;
  std::vector<std::string> revoked_keys;  // revoked or deleted in that time: they stay dead
  base::Timestamp newest;                 // the latest moment that anything there was written at
};

struct NewKey {
  std::string use, kid, previous;
};

struct Aftermath {
  std::int64_t users = 0, tokens = 0, sessions = 0, codes = 0;  // how many ended
  std::vector<NewKey> keys;                                     // empty with --keep-keys
};

struct RestoreReport {
  BackupHeader header;
  std::string store;  // without a password
  bool replaced = false;
  bool master_key_made = false;
  std::int64_t rows = 0;
  LostWindow lost;
  Aftermath aftermath;
  std::vector<std::string> notices;
};

// Error conflict where a store is there and is not to be replaced, unverified where the backup is not whole,
// unavailable where it is newer than this program or the target cannot be used.
RestoreReport restore_backup(const RestoreRequest& request, const Cause& cause, const base::Clock& clock,
                             base::Random& random);

base::json::object restore_json(const RestoreReport& report);

// Within the scratch store, in one change with an entry for each thing: what a restored store must not have.
Aftermath end_everything(Realm& scratch, const Cause& cause, const RestoreRequest& request,
                         const RestoreReport& report);

}  // namespace authctl::service
