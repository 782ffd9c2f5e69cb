// Settings that are safe by default and were turned down.
#include <charconv>

#include "core/base/text.h"
#include "core/service/checkup_checks.h"

namespace authctl::service {
namespace {
using namespace std::chrono_literals;

constexpr double most_a_minute = 120;
constexpr std::int64_t most_failures = 10;
constexpr auto longest_session = std::chrono::hours(24 * 30);
constexpr auto longest_memory = std::chrono::hours(24 * 90);
constexpr auto longest_access = std::chrono::hours(1);

// "5/1m" as so many a minute. The setting was checked when it was read.
double a_minute(std::string_view limit) {
  const auto slash = limit.find('/');
  std::int64_t count = 0;
  std::from_chars(limit.data(), limit.data() + slash, count);
  const auto window = base::parse_duration(limit.substr(slash + 1)).value_or(base::Duration{60});
  return static_cast<double>(count) * 60.0 / static_cast<double>(window.count());
}

std::string is_default(std::string_view name) {
  return "unset " + std::string(name) + ", or see authctl config show --origin";
}

}  // namespace

Judgement check_limits(const Patient& patient) {
  for (const char* name : {"limit_login", "limit_register", "limit_reset", "limit_refresh", "limit_mfa"}) {
    const auto& limit = patient.settings().text(name);
    if (a_minute(limit) > most_a_minute)
      return failing(std::string(name) + " is " + limit + ", which is as good as none", is_default(name));
  }
  return well("every limit on guessing holds");
}

Judgement check_lockouts(const Patient& patient) {
  const auto& settings = patient.settings();
  if (settings.integer("lockout_threshold") > most_failures)
    return failing("the first delay comes after " + settings.text("lockout_threshold") + " failures",
                   is_default("lockout_threshold"));
  for (const char* name : {"lockout_base", "lockout_max"}) {
    if (settings.duration(name).count() == 0)
      return failing(std::string(name) + " is 0: nobody is ever locked out", is_default(name));
  }
  return well("who guesses has to wait");
}

Judgement check_registration(const Patient& patient) {
  if (!patient.settings().boolean("registration")) return well("nobody can register themselves");
  return warning("anybody can register themselves", "set registration = false where that is not meant");
}

Judgement check_cors(const Patient& patient) {
  for (const auto& origin : patient.settings().list("cors_origins")) {
    if (origin == "*")
      return failing("every site may call this server from a browser (cors_origins has *)",
                     "name the origins in cors_origins");
  }
  return well("only origins that are named may call from a browser");
}

Judgement check_issuer(const Patient& patient) {
  const auto& issuer = patient.settings().text("issuer");
  if (issuer.starts_with("https://")) return well("the issuer is an https URL");
  return failing("the issuer is " + base::quote(issuer) + ", which is no https URL",
                 "set issuer = \"https://…\" (RFC 8414 section 2)");
}

Judgement check_session_length(const Patient& patient) {
  const auto& settings = patient.settings();
  if (settings.duration("session_max") > longest_session)
    return warning("a session lives up to " + settings.text("session_max"), is_default("session_max"));
  if (settings.duration("refresh_ttl") > longest_memory)
    return warning("a remembered session lives up to " + settings.text("refresh_ttl"),
                   is_default("refresh_ttl"));
  return well("every session has an end");
}

Judgement check_access_ttl(const Patient& patient) {
  const auto& settings = patient.settings();
  if (settings.duration("access_ttl") > longest_access)
    return warning("an access token lives for " + settings.text("access_ttl") +
                       ": who verifies it offline takes it that long after a revocation",
                   is_default("access_ttl"));
  return well("access tokens are short-lived");
}

Judgement check_password_length(const Patient& patient) {
  const auto& settings = patient.settings();
  if (settings.integer("password_min") < 8 || settings.integer("password_min_single") < 15)
    return warning(
        "shorter passwords are taken than NIST SP 800-63B-4 allows: " + settings.text("password_min") +
            " characters, " + settings.text("password_min_single") + " without a second factor",
        is_default("password_min and password_min_single"));
  return well("passwords are as long as NIST SP 800-63B-4 asks");
}

}  // namespace authctl::service
