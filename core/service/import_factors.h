// Second factors as an import spells them: a TOTP secret, in Base32 or as an otpauth:// URI, and the hashes
// of backup codes. Invariant: what is read here a sign-in can verify; nothing secret is in any message.
#pragma once
#include <cstddef>
#include <optional>
#include <string>

namespace authctl::service {

struct FactorTexts {
  std::string secret, digits, period, algorithm;  // the latter three where the secret is no URI
  std::string codes;                              // apart by blanks, line ends, `;` or `|`
};

// An otpauth:// URI for the account; empty where there is no secret. Error invalid.
std::string read_imported_totp(const FactorTexts& texts, const std::string& account);
// "a TOTP secret of 80 bits, below 128" (RFC 4226 section 4, R6).
std::optional<std::string> weakness_of_totp(const std::string& uri);

struct ImportedCodes {
  std::string lines;  // each as credential::parse_imported_code gives it, in a line of its own
  std::size_t count = 0;
};
// Error invalid: a hash that is not known, one that is there twice, too many.
ImportedCodes read_imported_codes(const std::string& texts);

}  // namespace authctl::service
