// Backup codes: a set is made and shown once, and each of its codes works once in place of a one-time code.
// Invariant: the store has a MAC of each under a key that is sealed in store_meta, so that checking a code is
// one hash and one look-up, and reading the store gives none of them.
#pragma once
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "core/service/change.h"
#include "core/store/factor_repository.h"

namespace authctl::service {

inline constexpr std::int64_t usual_backup_codes = 10, most_backup_codes = 100;
inline constexpr std::int64_t few_backup_codes = 3;  // below it a user is warned

struct BackupCodes {
  std::string user_name;
  std::vector<base::Secret> codes;  // not on a dry run
  std::int64_t ended = 0;           // of the set before, not used
};
// Is handed the codes before the change that makes them is committed: what it throws leaves the set before.
using DeliverCodes = std::function<void(const BackupCodes&)>;
// Error invalid for a count that is none or too high.
BackupCodes generate_backup_codes(Realm& realm, const Cause& cause, const std::string& user,
                                  std::int64_t count, const DeliverCodes& deliver = {});

struct BackupCodeStatus : store::BackupCodeCount {
  std::string user_name;
};
BackupCodeStatus backup_code_status(Realm& realm, const std::string& user);

// The key of the MACs, made where there is none yet: inside a transaction.
base::Secret backup_code_key(Realm& realm, store::Database& db);

}  // namespace authctl::service
