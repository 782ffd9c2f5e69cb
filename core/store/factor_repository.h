// Second factors as rows: TOTP enrolments and backup codes. Invariant: using a code is one conditional
// UPDATE, so that of two uses at the same instant one finds it used.
#pragma once
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/credential/totp.h"
#include "core/store/database.h"

namespace authctl::store {

enum class EnrolmentState { pending, confirmed };
std::string_view word_of(EnrolmentState state);

struct TotpRow {
  std::string id, user_id;
  EnrolmentState state = EnrolmentState::pending;
  base::Bytes sealed;  // the secret, for the place totp_enrolment/sealed/<id>
  std::string issuer;
  credential::TotpSettings settings;
  std::optional<std::int64_t> last_step;
  base::Timestamp created_at{};
  std::optional<base::Timestamp> confirmed_at;
};
std::optional<TotpRow> find_totp(Database& db, std::string_view user_id, EnrolmentState state);
// Takes the place of one of the same user and state.
void put_totp(Database& db, const TotpRow& row);
// The pending one takes the place of the confirmed one; `step` is that of the code that confirmed it.
void confirm_totp(Database& db, const TotpRow& pending, std::int64_t step, base::Timestamp now);
// False where this step, or a later one, was used already.
bool use_totp_step(Database& db, std::string_view id, std::int64_t step);
// Gives how many there were, of both states.
std::int64_t drop_totp(Database& db, std::string_view user_id);

// Gives how many codes that were not used end.
std::int64_t replace_backup_codes(Database& db, std::string_view user_id, std::span<const base::Bytes> macs,
                                  base::Timestamp now);
// Takes those that are left out of use; gives how many.
std::int64_t end_backup_codes(Database& db, std::string_view user_id, base::Timestamp now);
// False where it is none, or was used already.
bool use_backup_code(Database& db, std::string_view user_id, base::ByteView mac, base::Timestamp now);
bool is_used_backup_code(Database& db, std::string_view user_id, base::ByteView mac);
// A code that came from another system as a password hash.
struct HashedBackupCode {
  std::string hash;
  base::Bytes mac;  // of the hash
};
// Those that are left before those that are used.
std::vector<HashedBackupCode> hashed_backup_codes(Database& db, std::string_view user_id);
// Whether any of its codes, hashed or digested, came from another system.
bool has_imported_backup_codes(Database& db, std::string_view user_id);
struct BackupCodeRow {
  std::string user_id;
  base::Bytes mac;
  base::Timestamp created_at{};
  std::optional<base::Timestamp> used_at;
};
// At most `limit` behind this one, in the order of users and MACs.
std::vector<BackupCodeRow> list_backup_codes(Database& db, const BackupCodeRow& after, std::int64_t limit);
struct BackupCodeCount {
  std::int64_t left = 0, used = 0;
  std::optional<base::Timestamp> created_at;
};
BackupCodeCount count_backup_codes(Database& db, std::string_view user_id);

struct Factors {
  bool totp = false;  // confirmed
  std::int64_t backup_codes_left = 0;
};
// Of those of these users who have any; two statements for up to 64 of them.
std::map<std::string, Factors> factors_of_users(Database& db, std::span<const std::string> ids);

}  // namespace authctl::store
