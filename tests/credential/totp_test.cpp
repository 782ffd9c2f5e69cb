#include "core/credential/totp.h"

#include "core/base/encoding.h"
#include "core/base/error.h"
#include "core/base/json.h"
#include "tests/support/catch.h"
#include "tests/support/vectors.h"

using namespace authctl;
using base::Secret;
using credential::TotpSettings;

namespace {

base::json::array cases(const std::string& file) {
  return tests::read_json_file(tests::made_vector("otp/" + file)).as_array();
}

std::string text(const base::json::object& entry, std::string_view name) {
  return std::string(entry.at(name).as_string());
}

base::Timestamp time_of(const base::json::object& entry, std::string_view name) {
  return base::from_unix_seconds(entry.at(name).to_number<std::int64_t>());
}

Secret from_base32(const std::string& base32) {
  return Secret(base::ByteView(base::decode_base32(base32).value()));
}

TotpSettings settings_of(const base::json::object& entry) {
  TotpSettings settings{credential::totp_algorithm_from(text(entry, "alg")),
                        entry.at("digits").to_number<int>(), std::chrono::seconds(30)};
  if (const auto* period = entry.if_contains("period"))
    settings.period = base::Duration(period->to_number<std::int64_t>());
  return settings;
}

}  // namespace

TEST_CASE("HOTP gives every code of RFC 4226, appendix D") {
  for (const auto& value : cases("rfc4226-appendix-d.json")) {
    const auto& entry = value.as_object();
    const Secret secret(base::ByteView(base::decode_hex(text(entry, "secret_hex")).value()));
    CHECK(credential::hotp_code(secret, entry.at("counter").to_number<std::uint64_t>(), crypto::MacHash::sha1,
                                6) == text(entry, "code"));
  }
}

TEST_CASE("TOTP gives every code of RFC 6238, appendix B, and those made for other settings") {
  for (const char* file : {"rfc6238-appendix-b.json", "totp-made.json"})
    for (const auto& value : cases(file)) {
      const auto& entry = value.as_object();
      INFO(base::json::serialize(entry));
      CHECK(credential::totp_code(from_base32(text(entry, "secret_base32")), settings_of(entry),
                                  time_of(entry, "time")) == text(entry, "code"));
    }
}

TEST_CASE("a code works in its step and one either side, once, and nothing else does") {
  for (const auto& value : cases("verify-scenarios.json")) {
    const auto& scenario = value.as_object();
    INFO(text(scenario, "category") << "/" << text(scenario, "name"));
    const auto secret = from_base32(text(scenario, "secret_base32"));
    std::optional<std::int64_t> last_used;  // kept by the store, so a restart changes nothing
    for (const auto& step_value : scenario.at("steps").as_array()) {
      const auto& step = step_value.as_object();
      if (step.contains("restart")) continue;
      const auto found = credential::matching_totp_step(secret, settings_of(scenario), text(step, "code"),
                                                        time_of(step, "at"), last_used);
      if (found) last_used = found;
      const auto expect = text(step, "expect");
      CHECK((expect == "accept-or-reject" || (expect == "accept") == found.has_value()));
    }
  }
}

TEST_CASE("Base32 is read as the vectors have it, and a secret needs 80 bits") {
  for (const auto& value : cases("base32.json")) {
    const auto& entry = value.as_object();
    const auto in = text(entry, "in");
    INFO(in);
    if (text(entry, "expect") == "reject") {
      CHECK_THROWS_AS(credential::parse_totp_secret(in), base::Error);
      continue;
    }
    CHECK(base::encode_hex(base::decode_base32(in).value()) == text(entry, "hex"));
    if (text(entry, "hex").size() < 20)
      CHECK_THROWS_AS(credential::parse_totp_secret(in), base::Error);
    else
      CHECK(base::encode_hex(credential::parse_totp_secret(in).reveal()) == text(entry, "hex"));
  }
}

TEST_CASE("otpauth URIs are read or refused as the vectors have it") {
  for (const auto& value : cases("otpauth-uris.json")) {
    const auto& entry = value.as_object();
    INFO(text(entry, "name"));
    if (text(entry, "expect") == "accept")
      CHECK_NOTHROW(credential::parse_otpauth(text(entry, "uri")));
    else
      CHECK_THROWS_AS(credential::parse_otpauth(text(entry, "uri")), base::Error);
  }
  const auto read = credential::parse_otpauth(
      "otpauth://totp/"
      "ACME%20Co:j%40doe.example?secret=JBSWY3DPEHPK3PXP&issuer=ACME%20Co&algorithm=SHA256&digits=8&period="
      "60");
  CHECK((read.issuer == "ACME Co" && read.account == "j@doe.example"));
  CHECK(read.settings == TotpSettings{crypto::MacHash::sha256, 8, std::chrono::seconds(60)});
}

TEST_CASE("the colon of a label and the blanks after it may be plain or escaped") {
  for (const char* label : {"Shop:ann", "Shop:%20ann", "Shop%3Aann", "Shop%3A%20%20ann", "%20ann", "ann"}) {
    const auto read = credential::parse_otpauth("otpauth://totp/" + std::string(label) +
                                                "?secret=JBSWY3DPEHPK3PXP&issuer=Shop");
    INFO(label);
    CHECK(read.account == "ann");
    CHECK(read.issuer == "Shop");
    CHECK(credential::parse_otpauth(credential::format_otpauth(read).reveal_text()).account == "ann");
  }
}

TEST_CASE("an otpauth URI that was made is read back to exactly what it was made from") {
  for (const auto& value : cases("otpauth-produce-labels.json")) {
    const auto& entry = value.as_object();
    const credential::TotpEnrolment made{
        text(entry, "issuer"), text(entry, "account"), credential::parse_totp_secret("JBSWY3DPEHPK3PXP"), {}};
    const auto uri = credential::format_otpauth(made);
    INFO(uri.reveal_text());
    const auto read = credential::parse_otpauth(uri.reveal_text());
    CHECK((read.issuer == made.issuer && read.account == made.account));
    CHECK((read.secret == made.secret && read.settings == made.settings));
  }
}

TEST_CASE("an issuer with a colon is no part of the label, where a phone would take it apart") {
  const auto uri = credential::format_otpauth(
      {"https://id.example.com", "ann", credential::parse_totp_secret("JBSWY3DPEHPK3PXP"), {}});
  CHECK(uri.reveal_text().starts_with("otpauth://totp/ann?secret="));
  CHECK(credential::parse_otpauth(uri.reveal_text()).issuer == "https://id.example.com");
}
