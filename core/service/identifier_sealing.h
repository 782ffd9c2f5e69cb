// Sealing identifiers in a store that has data: e-mail addresses, names by which a user is found, permissions
// and descriptions. Invariant: while it runs every text stands in one spelling, the clear or the sealed one,
// both are looked for, and what is written from its beginning on is sealed; interrupted at any point, the
// same command goes on.
//
//   clear ──begin──▶ converting ──every row is sealed──▶ sealed
#pragma once
#include <cstdint>
#include <functional>

#include "core/base/json.h"
#include "core/service/realm.h"

namespace authctl::service {

struct IdentifierReport {
  bool changed = false;  // false: everything was sealed before
  std::int64_t users = 0, roles = 0, grants = 0;
};
// `progress` is called between transactions; what it throws ends the work, which may be taken up again.
using SealingProgress = std::function<void(std::int64_t done, std::int64_t total)>;
IdentifierReport encrypt_identifiers(Realm& realm, const Cause& cause, const SealingProgress& progress);

// The same for rows that a new data key has to reach, in a store that seals identifiers. Gives how many
// values were sealed anew.
std::int64_t reseal_identifiers(Realm& realm, const SealingProgress& progress);

base::json::object identifiers_json(const IdentifierReport& report);  // changed users roles grants

}  // namespace authctl::service
