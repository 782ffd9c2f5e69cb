// A backup code is used up: one of ours, or one of another system that came with an import. A code that is a
// MAC or a digest costs look-ups; one that may fit a password hash is tried between two transactions:
//
//   use_backup_code      wrong, and there are hashes of another system
//   fitting_backup_hash  slow on purpose, no store
//   use_backup_mac       what it fits is used up
//
// Invariant: a code works once; whoever tries hashes has taken the counters before.
#pragma once
#include <optional>
#include <span>
#include <string>

#include "core/service/change.h"
#include "core/service/sign_in.h"
#include "core/store/factor_repository.h"

namespace authctl::service {

// Nothing: it was right, and is used up now.
std::optional<Refusal> use_backup_code(Change& change, const std::string& user_id, const base::Secret& code);
// The MAC of the hash that the code fits; nothing where it fits none.
std::optional<base::Bytes> fitting_backup_hash(std::span<const store::HashedBackupCode> hashes,
                                               const base::Secret& code);
std::optional<Refusal> use_backup_mac(Change& change, const std::string& user_id, const base::Bytes& mac);

}  // namespace authctl::service
