#include "core/store/user_import.h"

#include <algorithm>
#include <array>
#include <cstdio>

#include "core/base/process.h"
#include "core/store/field_sealer.h"

namespace authctl::store {
namespace {

constexpr std::int64_t cleared_at_once = 128;
constexpr auto silence = std::chrono::minutes(1);

// `head` and then `row` so many times, each of its `%` being the next placeholder.
std::string rows_sql(std::string_view head, std::string_view row, std::size_t rows, std::string_view tail) {
  std::string sql(head);
  std::size_t number = 0;
  for (std::size_t i = 0; i < rows; ++i) {
    sql += i == 0 ? " " : ", ";
    for (const char c : row) {
      if (c == '%')
        sql += "$" + std::to_string(++number);
      else
        sql += c;
    }
  }
  return sql.append(tail);
}

// Two texts are prepared for each table: of a whole block, and of one row for what is left at the end.
template <class Row, class Bind>
bool insert_rows(Database& db, std::span<const Row> rows, std::size_t columns, const std::string& block_sql,
                 const std::string& row_sql, const Bind& bind) {
  std::vector<Value> values;
  values.reserve(rows.size() * columns);
  if (rows.size() == staged_block) {
    for (const auto& row : rows) bind(values, row);
    return db.execute(block_sql, std::span<const Value>(values)) == static_cast<std::int64_t>(rows.size());
  }
  for (const auto& row : rows) {
    values.clear();
    bind(values, row);
    if (db.execute(row_sql, std::span<const Value>(values)) != 1) return false;
  }
  return true;
}

std::string id_from(std::string_view prefix) { return std::string(prefix) + "-8000-000000000000"; }
std::string id_to(std::string_view prefix) { return std::string(prefix) + "-bfff-ffffffffffff"; }

}  // namespace

std::string imported_user_id(std::string_view prefix, std::uint64_t number, std::uint32_t noise) {
  const std::uint64_t tail = (number << 22 | (noise & 0x3fffff)) & 0x3fffffffffffffff;
  std::array<char, 20> text{};
  std::snprintf(text.data(), text.size(), "-%04x-%012llx", static_cast<unsigned>(0x8000 | tail >> 48),
                static_cast<unsigned long long>(tail & 0xffffffffffff));
  return std::string(prefix) + text.data();
}

std::vector<ImportRow> list_imports(Database& db) {
  const auto rows =
      db.query("SELECT id_prefix, owner, touched_at, abandoned FROM user_import ORDER BY id_prefix");
  std::vector<ImportRow> all;
  while (rows->next()) all.push_back({rows->string(0), rows->string(1), rows->time(2), rows->boolean(3)});
  return all;
}

bool is_alive(const ImportRow& row, base::Timestamp now) {
  if (row.abandoned || base::is_running(row.owner) == false) return false;
  return now - row.touched_at < silence;
}

void insert_import(Database& db, const ImportRow& row) {
  db.execute(
      "INSERT INTO user_import (id_prefix, owner, started_at, touched_at, abandoned) "
      "VALUES ($1, $2, $3, $3, 0)",
      {row.id_prefix, row.owner, row.touched_at});
}

bool touch_import(Database& db, std::string_view prefix, base::Timestamp now) {
  return db.execute("UPDATE user_import SET touched_at = $2 WHERE id_prefix = $1 AND abandoned = 0",
                    {prefix, now}) == 1;
}

bool publish_import(Database& db, std::string_view prefix) {
  return db.execute("DELETE FROM user_import WHERE id_prefix = $1 AND abandoned = 0", {prefix}) == 1;
}

void abandon_import(Database& db, std::string_view prefix) {
  db.execute("UPDATE user_import SET abandoned = 1 WHERE id_prefix = $1", {prefix});
}

bool release_identifier(Database& db, std::string_view value, base::Timestamp now) {
  std::string user;
  {
    // Of an import that was killed early there are accounts without identifiers.
    const std::string written = spelling(db, identifier_column, value);
    const auto rows = db.query(
        "SELECT user_id FROM user_identifier WHERE value = $1 UNION SELECT id FROM user_account WHERE name = "
        "$2",
        {written, value});
    if (!rows->next()) return false;
    user = rows->string(0);
  }
  for (const auto& row : list_imports(db)) {
    if (!user.starts_with(row.id_prefix) || is_alive(row, now)) continue;
    abandon_import(db, row.id_prefix);
    return db.execute("DELETE FROM user_account WHERE id = $1", {user}) == 1;
  }
  return false;
}

bool clear_import(Database& db, std::string_view prefix) {
  const auto from = id_from(prefix), to = id_to(prefix);
  if (db.execute("DELETE FROM user_account WHERE id IN (SELECT id FROM user_account WHERE id BETWEEN $1 AND "
                 "$2 AND substr(id, 1, 18) = $3 ORDER BY id LIMIT $4)",
                 {from, to, prefix, cleared_at_once}) > 0)
    return true;
  db.execute("DELETE FROM user_import WHERE id_prefix = $1", {prefix});
  return false;
}

namespace {

void seal_emails(Database& db, std::span<const StagedAccount> accounts) {
  for (const auto& account : accounts) {
    if (account.email.empty()) continue;
    const auto email = stored_text(db, std::string(account.email), email_place(account.id));
    db.execute("UPDATE user_account SET sealed_email = $2 WHERE id = $1", {account.id, email.sealed});
  }
}

// Each value as it is written in a store that seals identifiers. False where one of them stands there in
// another spelling.
bool spell(Database& db, std::span<const StagedIdentifier> identifiers, std::vector<std::string>& written) {
  for (const auto& row : identifiers) {
    auto all = spellings(db, identifier_column, row.value);
    for (std::size_t i = 1; i < all.size(); ++i)
      if (db.query("SELECT 1 FROM user_identifier WHERE value = $1", {all[i]})->next()) return false;
    written.push_back(std::move(all.front()));
  }
  return true;
}

}  // namespace

bool insert_staged(Database& db, std::span<const StagedAccount> accounts, base::Timestamp now) {
  // What is absent is bound as an empty text or 0: PostgreSQL prepares a statement anew for each pattern of
  // nulls.
  static const auto sql = [](std::size_t rows) {
    return rows_sql(
        "INSERT INTO user_account (id, name, email, status, password_hash, password_scheme, "
        "password_changed_at, password_must_change, created_at, updated_at) VALUES",
        "(%, %, NULLIF(%, ''), %, NULLIF(%, ''), NULLIF(%, ''), NULLIF(%, 0), %, %, %)", rows,
        " ON CONFLICT (name) DO NOTHING");
  };
  static const std::string block_sql = sql(staged_block), row_sql = sql(1);
  const bool sealing = db.fields() != nullptr;
  const bool made = insert_rows(
      db, accounts, 10, block_sql, row_sql, [&](std::vector<Value>& values, const StagedAccount& account) {
        const bool has_password = !account.hash.empty();
        const auto email = sealing ? std::string_view() : account.email;
        values.insert(values.end(),
                      {account.id, account.name, email, account.disabled ? "disabled" : "active",
                       account.hash, has_password ? account.scheme : std::string_view(),
                       has_password ? Value(now) : Value(0), has_password && account.must_change, now, now});
      });
  if (made && sealing) seal_emails(db, accounts);
  return made;
}

bool insert_staged(Database& db, std::span<const StagedIdentifier> identifiers) {
  static const auto sql = [](std::size_t rows) {
    return rows_sql("INSERT INTO user_identifier (value, user_id, kind) VALUES", "(%, %, %)", rows,
                    " ON CONFLICT (value) DO NOTHING");
  };
  static const std::string block_sql = sql(staged_block), row_sql = sql(1);
  std::vector<std::string> written;
  if (db.fields() && !spell(db, identifiers, written)) return false;
  std::size_t next = 0;
  return insert_rows(db, identifiers, 3, block_sql, row_sql,
                     [&](std::vector<Value>& values, const StagedIdentifier& row) {
                       const auto value = written.empty() ? row.value : std::string_view(written[next++]);
                       values.insert(values.end(), {value, row.user_id, row.kind});
                     });
}

void insert_staged(Database& db, std::span<const TotpRow> enrolments, base::Timestamp now) {
  static const auto sql = [](std::size_t rows) {
    return rows_sql(
        "INSERT INTO totp_enrolment (id, user_id, state, sealed, issuer, algorithm, digits, period, "
        "created_at, confirmed_at) VALUES",
        "(%, %, 'confirmed', %, %, %, %, %, %, %)", rows, "");
  };
  static const std::string block_sql = sql(staged_block), row_sql = sql(1);
  insert_rows(db, enrolments, 9, block_sql, row_sql, [&](std::vector<Value>& values, const TotpRow& row) {
    values.insert(values.end(),
                  {row.id, row.user_id, row.sealed, row.issuer, credential::word_of(row.settings.algorithm),
                   row.settings.digits, static_cast<std::int64_t>(row.settings.period.count()), now, now});
  });
}

void insert_staged(Database& db, std::span<const StagedBackupCode> codes, base::Timestamp now) {
  static const auto sql = [](std::size_t rows) {
    return rows_sql("INSERT INTO backup_code (user_id, mac, hash, created_at) VALUES", "(%, %, %, %)", rows,
                    "");
  };
  static const std::string block_sql = sql(staged_block), row_sql = sql(1);
  insert_rows(db, codes, 4, block_sql, row_sql, [&](std::vector<Value>& values, const StagedBackupCode& row) {
    values.insert(values.end(), {row.user_id, row.mac, row.hash, now});
  });
}

namespace {

std::vector<std::string> standing_identifiers(Database& db, std::span<const std::string_view> written) {
  static const std::string sql = [] {
    std::string text =
        "SELECT i.value FROM user_identifier i JOIN user_account u ON u.id = i.user_id WHERE i.value IN (";
    for (std::size_t i = 1; i <= staged_block; ++i) text += (i == 1 ? "$" : ", $") + std::to_string(i);
    return text + ") AND " + std::string(is_published);
  }();
  std::vector<Value> asked(written.begin(), written.end());
  if (asked.empty()) return {};
  asked.resize(staged_block, asked.front());
  const auto rows = db.query(sql, std::span<const Value>(asked));
  std::vector<std::string> standing;
  while (rows->next()) standing.push_back(rows->string(0));
  return standing;
}

}  // namespace

std::vector<std::string> taken_identifiers(Database& db, std::span<const std::string_view> values) {
  if (!db.fields()) return standing_identifiers(db, values);
  std::vector<std::string> taken;
  std::vector<std::vector<std::string>> all;
  for (const auto value : values) all.push_back(spellings(db, identifier_column, value));
  for (std::size_t way = 0; !all.empty() && way < all.front().size(); ++way) {
    std::vector<std::string_view> written;
    for (const auto& ways : all) written.push_back(ways[way]);
    const auto standing = standing_identifiers(db, written);
    for (std::size_t i = 0; i < values.size(); ++i)
      if (std::ranges::find(standing, written[i]) != standing.end()) taken.emplace_back(values[i]);
  }
  return taken;
}

}  // namespace authctl::store
