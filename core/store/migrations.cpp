#include "core/store/migrations.h"

#include <algorithm>
#include <array>

#include "core/base/error.h"
#include "core/crypto/digest.h"
#include "core/store/schema.sql.h"
#include "core/store/schema_clients.sql.h"
#include "core/store/schema_factors.sql.h"
#include "core/store/schema_identifiers.sql.h"
#include "core/store/schema_manifest.sql.h"
#include "core/store/schema_operations.sql.h"
#include "core/store/schema_server.sql.h"
#include "core/store/schema_sessions.sql.h"
#include "core/store/schema_tokens.sql.h"

namespace authctl::store {
namespace {

constexpr std::array table{Migration{1, "first schema", schema_1},
                           Migration{2, "rotation jobs", schema_2},
                           Migration{3, "revocations of tokens issued elsewhere", schema_3},
                           Migration{4, "second factors, lockouts", schema_4},
                           Migration{5, "sessions and refresh families", schema_5},
                           Migration{6, "clients", schema_6},
                           Migration{7, "what a manifest owns", schema_7},
                           Migration{8, "sealed identifiers", schema_8},
                           Migration{9, "incidents and backups", schema_9},
                           Migration{10, "the server", schema_10}};

constexpr std::string_view ledger = R"sql(
CREATE TABLE schema_migration (
  version  {int} PRIMARY KEY,
  name     TEXT NOT NULL,
  checksum TEXT NOT NULL
) {strict};
)sql";

void replace_all(std::string& text, std::string_view what, std::string_view with) {
  for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + with.size())) {
    text.replace(at, what.size(), with);
  }
}

// Where the comment or quoted text that starts at `at` ends; `at` itself where none starts there.
std::size_t skip_opaque(std::string_view script, std::size_t at) {
  if (script.substr(at).starts_with("--")) return std::min(script.find('\n', at), script.size());
  if (script[at] == '\'' || script[at] == '"')
    return std::min(script.find(script[at], at + 1), script.size() - 1) + 1;
  return at;
}

bool is_blank(char c) { return c == ' ' || c == '\n' || c == '\t' || c == '\r'; }

bool has_ledger(Database& db) {
  const auto rows =
      db.engine() == Engine::sqlite
          ? db.query("SELECT COUNT(*) FROM sqlite_schema WHERE name = 'schema_migration'")
          : db.query(
                "SELECT COUNT(*) FROM pg_catalog.pg_tables WHERE tablename = 'schema_migration' AND "
                "schemaname = pg_catalog.current_schema()");
  return rows->next() && rows->integer(0) > 0;
}

}  // namespace

std::span<const Migration> migrations() { return table; }

int newest_schema() { return table.back().version; }

std::string filled(std::string_view sql, Engine engine) {
  const bool sqlite = engine == Engine::sqlite;
  std::string text(sql);
  replace_all(text, "{int}", sqlite ? "INTEGER" : "BIGINT");
  replace_all(text, "{bytes}", sqlite ? "BLOB" : "BYTEA");
  // Ordered by its bytes, whatever the server's locale: what a list is paged by.
  replace_all(text, "{bytewise}", sqlite ? "" : " COLLATE \"C\"");
  replace_all(text, " {strict}", sqlite ? " STRICT" : "");
  replace_all(text, " {clustered}", sqlite ? " STRICT, WITHOUT ROWID" : "");
  return text;
}

std::string checksum_of(const Migration& migration) {
  return base::encode_hex(crypto::sha256(base::bytes_of(migration.sql)));
}

std::string schema_digest(int schema) {
  std::string checksums;
  for (const auto& migration : table) {
    if (migration.version <= schema) checksums += checksum_of(migration) + '\n';
  }
  return base::encode_hex(crypto::sha256(base::bytes_of(checksums)));
}

void migrate(Database& db, int up_to) {
  Transaction transaction(db);
  // Asked inside: another process may have done it while this one waited for the writer's place.
  const int version = has_ledger(db) ? applied_version(db) : 0;
  if (version == 0) db.run_script(filled(ledger, db.engine()));
  for (const auto& migration : table) {
    if (migration.version <= version || migration.version > up_to) continue;
    db.run_script(filled(migration.sql, db.engine()));
    db.execute("INSERT INTO schema_migration (version, name, checksum) VALUES ($1, $2, $3)",
               {migration.version, migration.name, checksum_of(migration)});
  }
  if (db.engine() == Engine::sqlite)
    db.run_script("PRAGMA user_version=" + std::to_string(std::max(version, up_to)));
  transaction.commit();
}

int applied_version(Database& db) {
  int version = 0;
  const auto rows = db.query("SELECT version, checksum FROM schema_migration ORDER BY version");
  while (rows->next()) {
    const std::int64_t next = rows->integer(0);
    if (next > newest_schema()) {
      throw base::Error(base::ErrorCode::unavailable,
                        "the store was written by a newer authctl: its schema is " + std::to_string(next) +
                            ", this program knows " + std::to_string(newest_schema()),
                        "use the newer authctl");
    }
    // None is left out, so the next one is known before its row is believed.
    if (next != version + 1 || rows->text(1) != checksum_of(table[static_cast<std::size_t>(version)])) {
      throw base::Error(base::ErrorCode::unavailable,
                        "the store is not one of ours: its schema " + std::to_string(next) + " differs",
                        "use the authctl that wrote it, or restore a backup");
    }
    ++version;
  }
  return version;
}

std::vector<std::string> statements_of(std::string_view script) {
  std::vector<std::string> statements;
  std::size_t begin = std::string_view::npos;  // of the statement that is being read
  for (std::size_t at = 0; at < script.size();) {
    if (const std::size_t end = skip_opaque(script, at); end != at) {
      at = end;
    } else if (script[at] == ';') {
      if (begin != std::string_view::npos) statements.emplace_back(script.substr(begin, at - begin));
      begin = std::string_view::npos;
      ++at;
    } else {
      if (begin == std::string_view::npos && !is_blank(script[at])) begin = at;
      ++at;
    }
  }
  return statements;
}

std::vector<std::string> schema_statements(Engine engine, int version) {
  std::vector<std::string> all = statements_of(filled(ledger, engine));
  for (const auto& migration : table) {
    if (migration.version > version) continue;
    for (auto& statement : statements_of(filled(migration.sql, engine))) {
      if (statement.starts_with("CREATE ")) all.push_back(std::move(statement));
    }
  }
  std::sort(all.begin(), all.end());
  return all;
}

}  // namespace authctl::store
