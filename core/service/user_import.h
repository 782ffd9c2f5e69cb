// `user import`: accounts that were made elsewhere, with their password hashes as they are, and their second
// factors.
// Invariant: all users of a file come into being at one instant, with one audit entry that holds the file's
// digest and counts, or none does; what an interrupted import leaves is seen by nobody and cleared away by
// the next one. Nothing is written before the whole file was judged.
//
//   survey ──► refused, or a dry run: the report
//     │
//   staged: blocks of users under ids that nobody sees, in short transactions (store/user_import.h)
//     │
//   published: one row goes, one audit entry comes, in one transaction
#pragma once
#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/base/byte_source.h"
#include "core/base/json.h"
#include "core/service/change.h"
#include "core/service/import_record.h"

namespace authctl::service {

struct ImportRequest {
  std::string name;  // of the file, for the audit log
  // The file from its beginning: it is read twice.
  std::function<std::unique_ptr<base::ByteSource>()> open;
  std::optional<ImportFormat> format;  // nothing: by what it begins with
  unsigned jobs = 1;
  std::function<void(std::string_view what, std::uint64_t done, std::uint64_t total)> progress;
  std::function<bool()> interrupted;
};

struct ImportFinding {
  std::uint64_t line = 0;
  std::string name, message;
};

struct ImportReport {
  static constexpr std::size_t most_listed = 1000;  // findings of each kind
  struct Scheme {
    std::uint64_t users = 0, weak = 0;
  };
  struct Kind {
    std::uint64_t count = 0;
    std::vector<ImportFinding> first;
  };

  ImportFormat format = ImportFormat::csv;
  std::string digest;  // "sha256:…" of the file
  std::uint64_t users = 0, without_password = 0, disabled = 0;
  std::uint64_t with_totp = 0, backup_codes = 0;
  std::map<std::string, Scheme> schemes;
  std::array<Kind, import_faults> findings;  // by ImportFault
  std::vector<std::string> ignored;
  std::uint64_t imported = 0;
  std::string import_id;  // of the audit entry's target; empty where nothing was imported

  const Kind& of(ImportFault fault) const { return findings[static_cast<std::size_t>(fault)]; }
  // Records that keep the file out.
  std::uint64_t refused() const;
};

// The report, whether or not the file was let in. Error conflict where another import is under way, or took
// its place, or somebody took a name meanwhile; invalid where the file changed while it was read;
// interrupted.
ImportReport import_users(Realm& realm, const Cause& cause, const ImportRequest& request);

}  // namespace authctl::service
