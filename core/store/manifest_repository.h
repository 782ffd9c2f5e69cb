// What an apply remembers of the things it set, and the settings it stored. Written by services only.
// Invariant: a row speaks of one thing by kind and id; it may outlive the thing.
#pragma once
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/store/database.h"

namespace authctl::store {

struct ManifestRow {
  std::string kind, id;
  bool owned = false;
  std::string applied;  // canonical JSON
  base::Timestamp applied_at{};
};

std::optional<ManifestRow> find_manifest_row(Database& db, std::string_view kind, std::string_view id);
// Every row of a kind, in the order of ids.
std::vector<ManifestRow> manifest_rows(Database& db, std::string_view kind);
// Each once.
void put_manifest_rows(Database& db, std::span<const ManifestRow> rows);
void delete_manifest_row(Database& db, std::string_view kind, std::string_view id);

std::map<std::string, std::string> stored_settings(Database& db);
void put_stored_setting(Database& db, std::string_view name, std::string_view value, base::Timestamp now);
void delete_stored_setting(Database& db, std::string_view name);

}  // namespace authctl::store
