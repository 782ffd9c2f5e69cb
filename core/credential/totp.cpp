#include "core/credential/totp.h"

#include <algorithm>
#include <array>

#include "core/base/encoding.h"
#include "core/base/error.h"
#include "core/base/text.h"

namespace authctl::credential {
namespace {

constexpr std::array<std::string_view, 3> algorithm_words{"SHA1", "SHA256", "SHA512"};
constexpr int least_digits = 6, most_digits = 8;
constexpr base::Duration longest_period = std::chrono::hours(24);
constexpr std::int64_t drift = 1;  // steps either side, RFC 6238 section 5.2

}  // namespace

std::string_view word_of(crypto::MacHash algorithm) {
  return algorithm_words[static_cast<std::size_t>(algorithm)];
}

crypto::MacHash totp_algorithm_from(std::string_view word) {
  for (std::size_t i = 0; i < algorithm_words.size(); ++i)
    if (base::fold_ascii(word) == base::fold_ascii(algorithm_words[i]))
      return static_cast<crypto::MacHash>(i);
  throw base::Error{base::ErrorCode::invalid, "there is no TOTP algorithm " + base::quote(word),
                    "SHA1, SHA256 or SHA512"};
}

void check_totp_settings(const TotpSettings& settings) {
  if (settings.digits < least_digits || settings.digits > most_digits)
    throw base::Error{base::ErrorCode::invalid, "a one-time code has 6 to 8 digits", "--digits 6"};
  if (settings.period.count() < 1 || settings.period > longest_period)
    throw base::Error{base::ErrorCode::invalid, "the period of one-time codes is 1 second to 1 day",
                      "--period 30s"};
}

std::string hotp_code(const base::Secret& secret, std::uint64_t counter, crypto::MacHash algorithm,
                      int digits) {
  std::array<std::uint8_t, 8> message{};
  for (std::size_t i = 8; i-- > 0; counter >>= 8) message[i] = static_cast<std::uint8_t>(counter & 0xff);
  const auto mac = crypto::hmac(algorithm, secret.reveal(), message);
  const std::size_t at = mac.back() & 0x0fu;
  std::uint32_t number = (mac[at] & 0x7fu) << 24 | std::uint32_t{mac[at + 1]} << 16 |
                         std::uint32_t{mac[at + 2]} << 8 | mac[at + 3];
  std::string code(static_cast<std::size_t>(digits), '0');
  for (std::size_t i = code.size(); i-- > 0; number /= 10) code[i] = static_cast<char>('0' + number % 10);
  return code;
}

std::int64_t totp_step(const TotpSettings& settings, base::Timestamp now) {
  return base::to_unix_seconds(now) / settings.period.count();
}

std::string totp_code(const base::Secret& secret, const TotpSettings& settings, base::Timestamp now) {
  return hotp_code(secret, static_cast<std::uint64_t>(totp_step(settings, now)), settings.algorithm,
                   settings.digits);
}

std::optional<std::int64_t> matching_totp_step(const base::Secret& secret, const TotpSettings& settings,
                                               std::string_view code, base::Timestamp now,
                                               std::optional<std::int64_t> last_used) {
  const auto current = totp_step(settings, now);
  std::optional<std::int64_t> found;
  // Every step is computed, whichever fits: the time taken says nothing.
  for (auto step = std::max<std::int64_t>(0, current - drift); step <= current + drift; ++step) {
    const auto right =
        hotp_code(secret, static_cast<std::uint64_t>(step), settings.algorithm, settings.digits);
    const bool same = base::equal_constant_time(base::bytes_of(right), base::bytes_of(code));
    if (same && (!last_used || step > *last_used) && !found) found = step;
  }
  return found;
}

base::Secret parse_totp_secret(std::string_view base32) {
  auto bytes = base::decode_base32(base32);
  if (!bytes || bytes->empty())
    throw base::Error{base::ErrorCode::invalid, "the TOTP secret is not Base32 (A-Z, 2-7)",
                      "the file holds Base32 or an otpauth://totp/ URI"};
  base::Secret secret(base::ByteView{*bytes});
  base::wipe(bytes->data(), bytes->size());
  if (secret.size() < least_totp_secret || secret.size() > longest_totp_secret)
    throw base::Error{base::ErrorCode::invalid, "a TOTP secret has 80 to 1024 bits",
                      "authctl totp enroll makes one of 160"};
  return secret;
}

}  // namespace authctl::credential
