#include "core/credential/totp.h"

#include "commands/totp_enrolment.h"
#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/text.h"

namespace authctl::commands {
namespace {

using base::Error;
using base::ErrorCode;

constexpr int denied = 4;

constexpr Field code_fields[] = {
    {"code", FieldType::text, false, "the one-time code", ""},
    {"valid_until", FieldType::time, false, "the end of its step", ""},
};
constexpr Shape code_shape{"totp code", "", code_fields};

constexpr Field check_fields[] = {
    {"valid", FieldType::boolean, false, "whether it is a code of this step or of one beside it", ""},
};
constexpr Shape check_shape{"totp check", "", check_fields};

// Without a store: the secret's file, and what is not said in it.
struct Options {
  std::string secret_file, now, period, algorithm;
  std::optional<int> digits;
  SecretSource code;
};

void add_options(CLI::App& verb, Options& options) {
  verb.add_option("--secret-file", options.secret_file, "Base32, or an otpauth://totp/ URI")
      ->required()
      ->type_name("FILE");
  verb.add_option("--now", options.now, "the time it is for, instead of the clock's")->type_name("T");
  offer(verb.add_option("--digits", options.digits, "6 (the default), 7 or 8")->type_name("N"),
        {"6", "7", "8"});
  verb.add_option("--period", options.period, "how long a code lasts: 30s by default")->type_name("D");
  offer(verb.add_option("--algorithm", options.algorithm, "SHA1 (the default), SHA256 or SHA512")
            ->type_name("A"),
        {"SHA1", "SHA256", "SHA512"});
}

credential::TotpEnrolment enrolment_of(Invocation& in, const Options& options) {
  const auto text = in.read_secret({false, options.secret_file}, "secret", false);
  credential::TotpEnrolment enrolment;
  if (text.reveal_text().starts_with("otpauth:"))
    enrolment = credential::parse_otpauth(text.reveal_text());
  else
    enrolment.secret = credential::parse_totp_secret(text.reveal_text());
  if (options.digits) enrolment.settings.digits = *options.digits;
  if (!options.algorithm.empty())
    enrolment.settings.algorithm = credential::totp_algorithm_from(options.algorithm);
  if (!options.period.empty()) {
    const auto period = base::parse_duration(options.period);
    if (!period)
      throw Error{ErrorCode::invalid, base::quote(options.period) + " is not a duration",
                  "for example --period 30s"};
    enrolment.settings.period = *period;
  }
  credential::check_totp_settings(enrolment.settings);
  return enrolment;
}

base::Timestamp time_of(Invocation& in, const Options& options) {
  if (options.now.empty()) return in.clock().now();
  const auto time = base::parse_timestamp(options.now);
  if (!time)
    throw Error{ErrorCode::invalid, base::quote(options.now) + " is not a time",
                "for example --now 2026-01-01T00:00:00Z"};
  return *time;
}

Output code(Invocation& in, const Options& options) {
  const auto enrolment = enrolment_of(in, options);
  const auto now = time_of(in, options);
  const auto end = (credential::totp_step(enrolment.settings, now) + 1) * enrolment.settings.period.count();
  const auto text = credential::totp_code(enrolment.secret, enrolment.settings, now);
  return Output::bytes(text + "\n", code_shape,
                       {{"code", text}, {"valid_until", base::to_rfc3339(base::from_unix_seconds(end))}});
}

Output check(Invocation& in, const Options& options) {
  if (options.secret_file == "-" && (options.code.from_stdin || options.code.file == "-"))
    throw Error{ErrorCode::usage, "the secret and the code cannot both come from standard input",
                "put one of them in a file"};
  const auto enrolment = enrolment_of(in, options);
  const auto typed = in.read_secret(options.code, "code", false);
  const bool valid = credential::matching_totp_step(enrolment.secret, enrolment.settings, typed.reveal_text(),
                                                    time_of(in, options), std::nullopt)
                         .has_value();
  return Output::one(check_shape, {{"valid", valid}}).with_exit(valid ? 0 : denied);
}

}  // namespace

void declare_totp(Noun& noun) {
  declare_totp_enrolment(noun);
  auto coded = std::make_shared<Options>();
  auto& code_verb =
      noun.verb("code", "Print the one-time code of a secret, with no store", &code_shape,
                {.examples = {"authctl totp code --secret-file phone.secret",
                              "authctl totp code --secret-file phone.uri --now 2026-01-01T00:00:00Z --json"},
                 .opens_store = false},
                [coded](Invocation& in) { return code(in, *coded); });
  add_options(code_verb, *coded);
  auto checked = std::make_shared<Options>();
  auto& check_verb =
      noun.verb("check", "Say whether a one-time code is right, with no store", &check_shape,
                {.examples = {"authctl totp check --secret-file phone.secret",
                              "echo 123456 | authctl totp check --secret-file phone.secret --code-stdin"},
                 .exits = {{denied, "it is not"}},
                 .more = "Without a store nobody remembers which codes were used.",
                 .opens_store = false},
                [checked](Invocation& in) { return check(in, *checked); });
  add_options(check_verb, *checked);
  add_secret_options(check_verb, checked->code, "code");
}

}  // namespace authctl::commands
