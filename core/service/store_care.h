// What is done with a store as a whole: brought to the newest schema, copied to another place, looked over.
// Invariant: a copy is a store of its own with the same keys and the same log; the one it was taken from
// knows of it.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "core/audit/verification.h"
#include "core/base/json.h"
#include "core/service/opening.h"
#include "core/store/store_check.h"

namespace authctl::service {

struct MigrationReport {
  int from = 0, to = 0;
  std::vector<std::string> applied;  // names of the migrations, the first one first
};
MigrationReport migrate_store(const OpenRequest& request, const Cause& cause, const base::Clock& clock,
                              base::Random& random);

struct CopyReport {
  std::string from, to;  // without passwords
  std::vector<store::TableCount> tables;
  std::optional<audit::Verification> log;  // of the copy; nothing on a dry run
};
// Error conflict where something is at the target already, usage where the target is no store URL.
CopyReport copy_store(Realm& realm, const Cause& cause, const std::string& from_url,
                      const std::string& to_url);

base::json::object migration_json(const MigrationReport& report);  // from to applied[]
base::json::object copy_json(const CopyReport& report);            // from to tables[{table,rows}] log
base::json::object check_json(
    const store::StoreCheck& check);  // ok engine schema problems[] tables[{table,rows}]

}  // namespace authctl::service
