// Field encryption of identifiers: e-mail addresses, permissions, descriptions and what the audit log says of
// them are sealed for their table, column and row; what is looked up stands in its column as a blind index.
// Invariant: where a Database has a FieldSealer, nothing of this is written in the clear; while a store is
// being converted (or its data key replaced) a text may stand in either spelling, and both are looked for.
// Without one every function here passes the text through.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/random.h"
#include "core/crypto/blind_index.h"
#include "core/crypto/sealing.h"
#include "core/store/database.h"

namespace authctl::store {

class FieldSealer {
 public:
  // `converting`: some rows may still stand in the clear. The sealer must outlive this.
  FieldSealer(const crypto::Sealer& sealer, base::Random& random, bool converting);

  base::Bytes seal(std::string_view text, const crypto::Place& place) const;
  // Error unverified where it does not open.
  std::string open(base::ByteView sealed, const crypto::Place& place) const;
  std::string token(std::string_view column, std::string_view text) const;
  // How the text may stand in this column: as it is written now, first.
  std::vector<std::string> spellings(std::string_view column, std::string_view text) const;
  // Whether there is more than one spelling.
  bool is_mixed() const { return converting_ || before_; }
  // 128 random bits as text: beside what could be guessed, under a hash.
  std::string salt() const;
  const crypto::Sealer& sealer() const { return sealer_; }

 private:
  const crypto::Sealer& sealer_;
  base::Random& random_;
  bool converting_;
  crypto::BlindIndex index_;
  std::optional<crypto::BlindIndex> before_;  // under the data key that is being replaced
};

// The columns that hold blind indexes.
inline constexpr std::string_view identifier_column = "user_identifier/value";
inline constexpr std::string_view permission_column = "role_grant/permission";
inline constexpr std::string_view target_column = "audit_entry/target_name";

// A text and its two columns: one for the clear, one for the sealed. One of them is null, or both.
struct StoredText {
  std::optional<std::string> clear;
  std::optional<base::Bytes> sealed;
};
StoredText stored_text(const Database& db, const std::optional<std::string>& text,
                       const crypto::Place& place);
std::optional<std::string> read_text(const Database& db, const Rows& row, int clear, int sealed,
                                     const crypto::Place& place);

// As it is written now; and every way in which it may stand there.
std::string spelling(const Database& db, std::string_view column, std::string_view text);
std::vector<std::string> spellings(const Database& db, std::string_view column, std::string_view text);
std::vector<std::string> spellings(const Database& db, std::string_view column,
                                   std::span<const std::string> texts);

// A granted permission: the text, or its token with the sealed text beside it. The seal holds role, token and
// resource together, so that a row that was written by anybody else opens for nothing.
struct GrantPlace {
  std::string_view role_id, permission, resource;
};
std::optional<base::Bytes> sealed_permission(const Database& db, const GrantPlace& grant,
                                             std::string_view text);
// The permission that stands in column `at`, with its seal in column `sealed`.
std::string read_permission(const Database& db, const Rows& row, int at, int sealed, std::string_view role_id,
                            std::string_view resource);

// The places of the seals.
inline crypto::Place email_place(std::string_view user_id) {
  return {"user_account", "sealed_email", user_id};
}
inline crypto::Place description_place(std::string_view role_id) {
  return {"role", "sealed_description", role_id};
}
std::string grant_row(const GrantPlace& grant);

}  // namespace authctl::store
