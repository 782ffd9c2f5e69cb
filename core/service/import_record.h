// One user as a record of an import spells it: a row of CSV under its header, or a JSON object on a line.
// Invariant: what is read here is what `user create` would take: names and e-mails are refused, never mapped,
// a hash is one that a sign-in can verify, within its ceilings, and no work is done for it.
#pragma once
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/crypto/password.h"

namespace authctl::service {

enum class ImportFormat { csv, json_lines };
enum class ImportField {
  name,
  email,
  password_hash,
  status,
  disabled,
  must_change,
  totp_secret,
  totp_digits,
  totp_period,
  totp_algorithm,
  backup_codes
};

// What the columns of a CSV file mean. Of other files: which members there are that mean nothing here.
struct ImportColumns {
  std::vector<std::optional<ImportField>> by_column;
  std::vector<std::string> ignored;  // their names, each once, a bounded number of them
};
// Error invalid where the header names no user, or one thing twice.
ImportColumns read_import_header(std::string_view record);

struct ImportedUser {
  std::string name;          // folded
  std::string email;         // as it was given; empty: none
  std::string folded_email;  // what signs in
  bool disabled = false;
  bool must_change = false;
  std::string hash;  // empty: no password
  crypto::PasswordScheme scheme{};
  bool has_weak_hash = false;
  std::string totp;   // otpauth:// URI; empty: no secret
  std::string codes;  // backup codes as credential::parse_imported_code gives them, a line each
  std::size_t code_count = 0;
};

enum class ImportFault { weak, unknown, invalid, clashing };
inline constexpr std::size_t import_faults = 4;
std::string_view word_of(ImportFault fault);

// What is to be said of a record. Something weak is carried all the same; everything else refuses the file.
struct ImportProblem {
  ImportFault fault = ImportFault::invalid;
  std::string name;     // as it stands in the record, where one was found
  std::string message;  // nothing secret; what came from outside is quoted
};

class ImportRecordReader {
 public:
  explicit ImportRecordReader(ImportFormat format, ImportColumns columns = {})
      : format_(format), columns_(std::move(columns)) {}
  enum class Result { blank, user, refused };
  // `record` may end in its line ending. A user may come with a problem: its hash or its TOTP secret is weak.
  Result read(std::string_view record, ImportedUser& user, std::optional<ImportProblem>& problem);
  // Members that mean nothing here, of all records so far.
  const std::vector<std::string>& ignored() const { return columns_.ignored; }

 private:
  struct Draft;
  bool read_csv(std::string_view record, Draft& draft);
  bool read_json(std::string_view record, Draft& draft);
  static bool read_secrets(Draft& draft, ImportedUser& user, std::optional<ImportProblem>& problem);

  ImportFormat format_;
  ImportColumns columns_;
  std::vector<std::string> cells_;
};

}  // namespace authctl::service
