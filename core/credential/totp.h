// One-time codes: HOTP (RFC 4226) and TOTP (RFC 6238), and the otpauth:// URI that carries an enrolment.
// Invariant: a code is decimal digits of exactly the enrolled length; a step that was used, and every step
// before it, is never accepted again (RFC 6238 section 5.2).
#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "core/base/clock.h"
#include "core/base/secret.h"
#include "core/crypto/hmac.h"

namespace authctl::credential {

struct TotpSettings {
  crypto::MacHash algorithm = crypto::MacHash::sha1;
  int digits = 6;  // 6 to 8
  base::Duration period = std::chrono::seconds(30);
  bool operator==(const TotpSettings&) const = default;
};
std::string_view word_of(crypto::MacHash algorithm);  // SHA1, SHA256, SHA512
// Error invalid for a word that is none (either case).
crypto::MacHash totp_algorithm_from(std::string_view word);
// Error invalid for digits or a period that are out of range.
void check_totp_settings(const TotpSettings& settings);

inline constexpr std::size_t least_totp_secret = 10, longest_totp_secret = 128;  // bytes: 80 bits are taken
inline constexpr std::size_t made_totp_secret = 20;                              // and 160 are made

// RFC 4226 section 5.3.
std::string hotp_code(const base::Secret& secret, std::uint64_t counter, crypto::MacHash algorithm,
                      int digits);

std::int64_t totp_step(const TotpSettings& settings, base::Timestamp now);
std::string totp_code(const base::Secret& secret, const TotpSettings& settings, base::Timestamp now);

// The step the code belongs to: this one, the one before or the one after, and later than `last_used`;
// nothing where it belongs to none. Whoever accepts it keeps the step as the last used.
std::optional<std::int64_t> matching_totp_step(const base::Secret& secret, const TotpSettings& settings,
                                               std::string_view code, base::Timestamp now,
                                               std::optional<std::int64_t> last_used);

// Base32 in either case. Error invalid where it is none, or shorter than 80 bits.
base::Secret parse_totp_secret(std::string_view base32);

struct TotpEnrolment {
  std::string issuer, account;  // issuer: may be empty
  base::Secret secret;
  TotpSettings settings;
};
// otpauth://totp/ISSUER:ACCOUNT?secret=…&issuer=…&algorithm=SHA1&digits=6&period=30
base::Secret format_otpauth(const TotpEnrolment& enrolment);
// Error invalid for anything that is not one, or names two issuers.
TotpEnrolment parse_otpauth(std::string_view uri);

}  // namespace authctl::credential
