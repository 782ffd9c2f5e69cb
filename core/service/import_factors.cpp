#include "core/service/import_factors.h"

#include <charconv>
#include <set>

#include "core/base/error.h"
#include "core/credential/imported_code.h"
#include "core/credential/totp.h"

namespace authctl::service {
namespace {

using base::Error;
using base::ErrorCode;

constexpr std::size_t least_strong_bytes = 16;
constexpr std::size_t most_codes = 100;
constexpr std::size_t most_password_hashes = 20;  // each costs a hash at every code that is typed
constexpr std::string_view separators = " \t\r\n;|";

std::int64_t number(const std::string& text, const char* what, std::int64_t otherwise) {
  if (text.empty()) return otherwise;
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || value < 0 || value > 86400)
    throw Error{ErrorCode::invalid, std::string("its ") + what + " is no number that fits"};
  return value;
}

}  // namespace

std::string read_imported_totp(const FactorTexts& texts, const std::string& account) {
  if (texts.secret.empty()) return {};
  credential::TotpEnrolment enrolment;
  if (texts.secret.starts_with("otpauth://")) {
    enrolment = credential::parse_otpauth(texts.secret);
  } else {
    enrolment.secret = credential::parse_totp_secret(texts.secret);
    auto& settings = enrolment.settings;
    settings.digits = static_cast<int>(number(texts.digits, "totp_digits", settings.digits));
    settings.period = base::Duration(number(texts.period, "totp_period", settings.period.count()));
    if (!texts.algorithm.empty()) settings.algorithm = credential::totp_algorithm_from(texts.algorithm);
    credential::check_totp_settings(settings);
  }
  enrolment.account = account;
  return std::string(credential::format_otpauth(enrolment).reveal_text());
}

std::optional<std::string> weakness_of_totp(const std::string& uri) {
  const auto size = credential::parse_otpauth(uri).secret.size();
  if (size >= least_strong_bytes) return std::nullopt;
  return "a TOTP secret of " + std::to_string(8 * size) + " bits, below 128";
}

ImportedCodes read_imported_codes(const std::string& texts) {
  ImportedCodes codes;
  std::set<std::string> seen;
  std::size_t hashes = 0;
  std::string_view rest = texts;
  for (;;) {
    rest.remove_prefix(std::min(rest.find_first_not_of(separators), rest.size()));
    if (rest.empty()) return codes;
    const auto one = rest.substr(0, rest.find_first_of(separators));
    rest.remove_prefix(one.size());
    const auto which = "its backup code " + std::to_string(++codes.count);
    if (codes.count > most_codes)
      throw Error{ErrorCode::invalid, "it has more than " + std::to_string(most_codes) + " backup codes"};
    std::optional<credential::ImportedCode> code;
    try {
      code = credential::parse_imported_code(one);
    } catch (const Error&) {
      throw Error{ErrorCode::invalid, which + " is no hash that is known"};
    }
    if (!seen.insert(code->text).second) throw Error{ErrorCode::invalid, which + " is there twice"};
    if (!code->is_digest && ++hashes > most_password_hashes)
      throw Error{ErrorCode::invalid, "it has more than " + std::to_string(most_password_hashes) +
                                          " backup codes that are password hashes"};
    codes.lines.append(code->text) += '\n';
  }
}

}  // namespace authctl::service
