// A file of users read on several threads and handed on in the order of its lines, in a packed form that a
// million of them are held in.
// Invariant: what is held at once does not grow with the file; every record of it comes out once, as a user,
// a problem, or a user after the problem that something of it is weak; blank lines come out as nothing.
#pragma once
#include <functional>
#include <string>
#include <vector>

#include "core/base/byte_source.h"
#include "core/crypto/digest.h"
#include "core/service/import_record.h"

namespace authctl::service {

// Views into a packed block.
struct ImportEntry {
  std::uint64_t line = 0;  // where its record begins
  bool is_user = false;
  std::string_view name, email, folded_email, hash;  // of a user
  crypto::PasswordScheme scheme{};
  bool disabled = false, must_change = false, has_weak_hash = false;
  std::string_view totp, codes;  // as in ImportedUser
  std::uint32_t code_count = 0;
  ImportFault fault = ImportFault::invalid;  // of a problem, with `name`
  std::string_view message;
};

// Takes the next entry off the front of `block`; false at its end.
bool take_entry(std::string_view& block, ImportEntry& entry);

struct ImportStreamOptions {
  ImportFormat format = ImportFormat::csv;
  unsigned jobs = 1;
  std::function<void(std::uint64_t bytes, std::uint64_t total)> progress;
  std::function<bool()> interrupted;  // Error interrupted where it says so
};

struct ImportStreamEnd {
  crypto::Digest digest;             // SHA-256 of the file
  std::vector<std::string> ignored;  // columns and members that mean nothing here, sorted
};

// `consume` is called on this thread. Error invalid for a CSV header that is none.
ImportStreamEnd read_import(base::ByteSource& source, const ImportStreamOptions& options,
                            const std::function<void(std::string packed)>& consume);

}  // namespace authctl::service
