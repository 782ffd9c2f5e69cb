// Backup codes of another system, of which only hashes came along: unsalted SHA-256 or SHA-512, by which a
// code is looked up as one of ours is, or password hashes, which have to be tried one after the other.
// Invariant: what is kept is what parse_imported_code() gives; a code of another system is compared as it was
// typed, and as a digest also in either case and with its dashes and blanks left out.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "core/base/secret.h"

namespace authctl::credential {

struct ImportedCode {
  bool is_digest = false;
  std::string text;  // "sha256:HEX", "sha512:HEX", or the password hash as it was given
};
// Hexadecimal of 64 or 128 digits, `sha256:` or `sha512:` before it or not, or a password hash. Error invalid
// for anything else, and for a hash above the ceilings of crypto/password.h.
ImportedCode parse_imported_code(std::string_view text);

// The digests that a code, as it was typed, may have been kept as.
std::vector<std::string> imported_code_digests(const base::Secret& typed);
// Error invalid as for parse_imported_code.
bool matches_imported_code(std::string_view password_hash, const base::Secret& typed);

}  // namespace authctl::credential
