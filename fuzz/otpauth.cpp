// otpauth:// URIs and TOTP secrets from other systems. What is taken is written back and read again the same.
#include "core/base/error.h"
#include "core/credential/totp.h"
#include "fuzz/claim.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace authctl;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  try {
    const auto secret = credential::parse_totp_secret(text);
    fuzz::claim(
        secret.size() >= credential::least_totp_secret && secret.size() <= credential::longest_totp_secret,
        "a secret beyond its bounds");
  } catch (const base::Error&) {
  }
  try {
    const auto first = credential::parse_otpauth(text);
    const auto second = credential::parse_otpauth(credential::format_otpauth(first).reveal_text());
    fuzz::claim(first.issuer == second.issuer && first.account == second.account, "a label changes");
    fuzz::claim(first.settings == second.settings && first.secret == second.secret, "an enrolment changes");
    const auto now = base::from_unix_seconds(1767225600);
    const auto code = credential::totp_code(first.secret, first.settings, now);
    fuzz::claim(code.size() == static_cast<std::size_t>(first.settings.digits), "a code of another length");
    fuzz::claim(
        credential::matching_totp_step(first.secret, first.settings, code, now, std::nullopt).has_value(),
        "its own code does not match");
  } catch (const base::Error& error) {
    fuzz::claim(!error.message().empty(), "a refusal without a word");
  }
  return 0;
}
