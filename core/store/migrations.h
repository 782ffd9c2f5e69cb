// The schema's history: numbered texts, forward only, each checksummed when it is applied.
// Invariant: a store has exactly the migrations 1..n of this program, byte for byte, or it is refused.
#pragma once
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/store/database.h"

namespace authctl::store {

struct Migration {
  int version;
  std::string_view name;
  std::string_view sql;  // with {int}, {bytes} and {strict} to be filled
};

std::span<const Migration> migrations();
int newest_schema();

// The text as this engine reads it.
std::string filled(std::string_view sql, Engine engine);
// SHA-256 of the unfilled text in hex: the same for both engines.
std::string checksum_of(const Migration& migration);

// Brings a store (an empty one too) to the newest schema in one transaction, or only as far as `up_to`.
void migrate(Database& db, int up_to = newest_schema());
// SHA-256 in hex over the checksums of the migrations up to this schema: two programs that agree on it mean
// the same tables.
std::string schema_digest(int schema);
// What the store says was applied, compared with what this program would apply: its version. Error
// unavailable where they differ or the store is newer.
int applied_version(Database& db);

// The single statements of a script, without the comments around them.
std::vector<std::string> statements_of(std::string_view script);
// Every CREATE statement that a whole store of this schema consists of, sorted.
std::vector<std::string> schema_statements(Engine engine, int version);

}  // namespace authctl::store
