// otpauth:// URIs, as authenticator apps read them ("Key Uri Format" of Google Authenticator); RFC 3986 for
// the rest.
#include <charconv>
#include <map>

#include "core/base/error.h"
#include "core/base/text.h"
#include "core/credential/totp.h"

namespace authctl::credential {
namespace {

constexpr std::string_view scheme = "otpauth://totp/";
constexpr std::size_t longest_uri = 2048;

[[noreturn]] void refuse(const std::string& why) {
  throw base::Error{base::ErrorCode::invalid, "the otpauth URI is refused: " + why,
                    "otpauth://totp/Example:ann?secret=BASE32&issuer=Example"};
}

std::string percent_encoded(std::string_view text) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<std::uint8_t>(c);
    const bool unreserved = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                            c == '-' || c == '.' || c == '_' || c == '~';
    if (unreserved)
      out += c;
    else
      (out += '%') += digits[byte >> 4], out += digits[byte & 15];
  }
  return out;
}

std::string percent_decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    const auto byte =
        i + 2 < text.size() ? base::decode_hex(base::fold_ascii(text.substr(i + 1, 2))) : std::nullopt;
    if (!byte) refuse("it has a broken % escape");
    out += static_cast<char>(byte->front());
    i += 2;
  }
  if (base::printable(out) != out) refuse("it has characters that cannot be printed");
  return out;
}

std::int64_t whole_number(std::string_view text, const char* what) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size())
    refuse(std::string(what) + " is not a number");
  return value;
}

using Parameters = std::map<std::string, std::string>;

Parameters parameters_of(std::string_view query) {
  Parameters found;
  while (!query.empty()) {
    const auto part = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(part.size() + 1, query.size()));
    const auto equals = part.find('=');
    if (equals == std::string_view::npos) refuse("it has a parameter without a value");
    if (!found.emplace(percent_decoded(part.substr(0, equals)), percent_decoded(part.substr(equals + 1)))
             .second)
      refuse("it has a parameter twice");
  }
  return found;
}

// `ISSUER:ACCOUNT`, the colon plain or escaped, blanks after it; or the account alone.
void read_label(TotpEnrolment& enrolment, std::string_view label, const std::string* issuer) {
  const auto colon = label.find(':');
  if (colon != std::string_view::npos) {
    enrolment.issuer = percent_decoded(label.substr(0, colon));
    enrolment.account = percent_decoded(label.substr(colon + 1));
    if (issuer && *issuer != enrolment.issuer) refuse("it names two issuers");
  } else {
    enrolment.account = percent_decoded(label);
    if (issuer) enrolment.issuer = *issuer;
    if (issuer && !issuer->empty() && enrolment.account.starts_with(*issuer + ":"))
      enrolment.account.erase(0, issuer->size() + 1);
  }
  enrolment.account.erase(0, enrolment.account.find_first_not_of(' '));
  if (enrolment.account.empty()) refuse("it names no account");
}

}  // namespace

base::Secret format_otpauth(const TotpEnrolment& enrolment) {
  const auto issuer = percent_encoded(enrolment.issuer);
  // Phones look for the label's colon in the decoded text: an issuer with one in it stands in its parameter
  // only.
  const bool in_label = !issuer.empty() && enrolment.issuer.find(':') == std::string::npos;
  auto uri = std::string(scheme) + (in_label ? issuer + ":" : "") + percent_encoded(enrolment.account) +
             "?secret=" + base::encode_base32(enrolment.secret.reveal()) +
             (issuer.empty() ? "" : "&issuer=" + issuer) +
             "&algorithm=" + std::string(word_of(enrolment.settings.algorithm)) +
             "&digits=" + std::to_string(enrolment.settings.digits) +
             "&period=" + std::to_string(enrolment.settings.period.count());
  return base::Secret::consume(std::move(uri));
}

TotpEnrolment parse_otpauth(std::string_view uri) {
  if (uri.size() > longest_uri) refuse("it is too long");
  if (!uri.starts_with(scheme)) refuse("it does not begin with otpauth://totp/");
  uri.remove_prefix(scheme.size());
  const auto question = uri.find('?');
  if (question == std::string_view::npos) refuse("it has no secret");
  const auto parameters = parameters_of(uri.substr(question + 1));
  const auto value = [&](const char* name) {
    const auto found = parameters.find(name);
    return found == parameters.end() ? nullptr : &found->second;
  };
  TotpEnrolment enrolment;
  const auto* secret = value("secret");
  if (!secret) refuse("it has no secret");
  enrolment.secret = parse_totp_secret(*secret);
  if (const auto* algorithm = value("algorithm"))
    enrolment.settings.algorithm = totp_algorithm_from(*algorithm);
  if (const auto* digits = value("digits")) {
    const auto count = whole_number(*digits, "digits");
    enrolment.settings.digits = count >= 0 && count < 100 ? static_cast<int>(count) : 0;
  }
  if (const auto* period = value("period"))
    enrolment.settings.period = base::Duration(whole_number(*period, "period"));
  check_totp_settings(enrolment.settings);
  read_label(enrolment, uri.substr(0, question), value("issuer"));
  return enrolment;
}

}  // namespace authctl::credential
