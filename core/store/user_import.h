// Users that come by the million: put into their tables in blocks under ids that nobody sees yet, published
// by one row. Invariant: while the row of an import stands in user_import its users do not exist for any
// function of user_repository.h, though their names are taken; an import that is marked abandoned is never
// published.
#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/store/database.h"
#include "core/store/factor_repository.h"

namespace authctl::store {

// What an unseen user's id begins with: 18 characters, the 48 bits of time, the version and 12 random bits of
// a UUID of version 7 (RFC 9562 section 5.7).
inline constexpr std::size_t import_prefix_size = 18;
// The id of the user with this number: the number, then 22 bits of `noise`.
std::string imported_user_id(std::string_view prefix, std::uint64_t number, std::uint32_t noise);

// A condition on `u.id` that leaves those out who are not published.
inline constexpr std::string_view is_published =
    "NOT EXISTS (SELECT 1 FROM user_import s WHERE s.id_prefix = substr(u.id, 1, 18))";

struct ImportRow {
  std::string id_prefix, owner;
  base::Timestamp touched_at{};
  bool abandoned = false;
};
std::vector<ImportRow> list_imports(Database& db);
// False where its process is gone, or has said nothing for a minute: it does at every transaction.
bool is_alive(const ImportRow& row, base::Timestamp now);
void insert_import(Database& db, const ImportRow& row);
// False where it is gone or abandoned: another import, or a user who needed a name, came over it.
bool touch_import(Database& db, std::string_view prefix, base::Timestamp now);
bool publish_import(Database& db, std::string_view prefix);
void abandon_import(Database& db, std::string_view prefix);
// Where this name or e-mail is held by a user of an import that is not alive, that user goes, and the import
// with it.
bool release_identifier(Database& db, std::string_view value, base::Timestamp now);
// Takes some of its users away; false when there are none left, and its row with them.
bool clear_import(Database& db, std::string_view prefix);

struct StagedAccount {
  std::string_view id, name, email, hash, scheme;  // empty: null
  bool disabled = false, must_change = false;
};
struct StagedIdentifier {
  std::string_view value, user_id, kind;
};
struct StagedBackupCode {
  std::string_view user_id;
  base::Bytes mac;
  std::string_view hash;  // empty: the mac is of a digest
};
inline constexpr std::size_t staged_block = 64;
// At most staged_block of them, by one statement. False where one of them is taken.
bool insert_staged(Database& db, std::span<const StagedAccount> accounts, base::Timestamp now);
bool insert_staged(Database& db, std::span<const StagedIdentifier> identifiers);
// Confirmed; of users who are staged.
void insert_staged(Database& db, std::span<const TotpRow> enrolments, base::Timestamp now);
void insert_staged(Database& db, std::span<const StagedBackupCode> codes, base::Timestamp now);

// Which of these, at most staged_block, are names or e-mails of a user who is published.
std::vector<std::string> taken_identifiers(Database& db, std::span<const std::string_view> values);

}  // namespace authctl::store
