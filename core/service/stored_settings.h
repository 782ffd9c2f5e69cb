// Settings that a manifest put into the store: they hold on every machine that works on it, wherever no flag,
// variable or file says otherwise. Invariant: only those of is_manifest_setting() are ever taken, whatever
// stands in the table.
#pragma once
#include "core/base/config.h"
#include "core/store/database.h"

namespace authctl::service {

void take_stored_settings(base::Settings& settings, store::Database& db);

}  // namespace authctl::service
