// The verbs of `totp` that work on a user's enrolment; those that need no store are in totp.cpp.
#include "commands/totp_enrolment.h"

#include "commands/factor_view.h"
#include "commands/secret_file.h"
#include "core/base/error.h"
#include "core/base/shell_word.h"
#include "core/base/text.h"
#include "core/credential/qr_code.h"
#include "core/service/totp_enrolment.h"

namespace authctl::commands {
namespace {

using base::Error;
using base::ErrorCode;

constexpr std::size_t longest_issuer = 64;  // bytes: the QR code must fit into 80 columns

constexpr Field offer_fields[] = {
    {"secret", FieldType::text, false, "Base32, to be typed; shown this once", ""},
    {"uri", FieldType::text, false, "otpauth://, what the QR code holds", ""},
    {"digits", FieldType::integer, false, "of a code", ""},
    {"period", FieldType::integer, false, "seconds that a code lasts", ""},
    {"algorithm", FieldType::text, false, "SHA1, SHA256 or SHA512", ""},
};
constexpr Shape offer_shape{"totp enrolment", "", offer_fields};

constexpr Field status_fields[] = {
    {"user", FieldType::text, false, "whose it is", ""},
    {"enrolled", FieldType::boolean, false, "whether there is one, confirmed or not", ""},
    {"confirmed", FieldType::boolean, false, "whether sign-ins ask for it", ""},
    {"pending", FieldType::boolean, false, "whether one waits for its first code", ""},
    {"issuer", FieldType::text, true, "what the phone shows beside the name", ""},
    {"digits", FieldType::integer, true, "of a code", ""},
    {"period", FieldType::integer, true, "seconds that a code lasts", ""},
    {"algorithm", FieldType::text, true, "SHA1, SHA256 or SHA512", ""},
    {"created_at", FieldType::time, true, "when it was enrolled", ""},
    {"confirmed_at", FieldType::time, true, "when its first code was right", ""},
    {"last_used_at", FieldType::time, true, "the begin of the step of the last code", ""},
};
constexpr Shape status_shape{"totp status", "user", status_fields};

constexpr Field verified_fields[] = {
    {"valid", FieldType::boolean, false, "whether the code was right; it is used up now", ""},
    {"reason", FieldType::text, true, "wrong_code, used_code or disabled", ""},
    {"user", FieldType::text, false, "whose code it is", ""},
};
constexpr Shape verified_shape{"totp verification", "", verified_fields};

const std::pair<int, std::string> unknown_user{3, "there is no such user"};

Output status_output(const service::TotpStatus& status) {
  const auto time = [](const std::optional<base::Timestamp>& at) {
    return at ? value(base::to_rfc3339(*at)) : value();
  };
  base::json::object data{{"user", status.user_name},
                          {"enrolled", status.enrolled},
                          {"confirmed", status.confirmed},
                          {"pending", status.pending},
                          {"issuer", status.issuer ? value(*status.issuer) : value()},
                          {"digits", nullptr},
                          {"period", nullptr},
                          {"algorithm", nullptr},
                          {"created_at", time(status.created_at)},
                          {"confirmed_at", time(status.confirmed_at)},
                          {"last_used_at", time(status.last_used_at)}};
  if (status.settings) {
    data["digits"] = status.settings->digits;
    data["period"] = status.settings->period.count();
    data["algorithm"] = credential::word_of(status.settings->algorithm);
  }
  return Output::one(status_shape, std::move(data));
}

struct Enrolment {
  service::TotpRequest request;
  std::string algorithm;
  bool qr = false, uri = false;
  SecretFile png, svg;
  bool force = false;
};

void check_enrolment(Invocation& in, Enrolment& options) {
  auto& request = options.request;
  if (options.qr + options.uri + !options.png.path.empty() + !options.svg.path.empty() > 1)
    throw Error{ErrorCode::usage, "--qr, --uri, --png and --svg are ways to show one secret, once",
                "leave all but one of them out"};
  if (request.issuer.size() > longest_issuer || base::printable(request.issuer) != request.issuer)
    throw Error{ErrorCode::invalid, "an issuer has at most 64 bytes, none of them a control character",
                "for example --issuer Example"};
  if (!options.algorithm.empty())
    request.settings.algorithm = credential::totp_algorithm_from(options.algorithm);
  options.png.force = options.svg.force = options.force;
  const auto& file = options.png.given() ? options.png : options.svg;
  if (options.force && !file.given())
    throw Error{ErrorCode::usage, "--force is for a file that is written over", "--png FILE or --svg FILE"};
  file.prepare(in);
}

std::string grouped(std::string_view secret) {
  std::string text;
  for (std::size_t i = 0; i < secret.size(); i += 4)
    text += (i ? " " : "") + std::string(secret.substr(i, 4));
  return text;
}

// What a person gets to see: the code to scan, or the line or file that was asked for.
std::string drawn(const Invocation& in, const Enrolment& options, const service::TotpOffer& offer,
                  std::string_view secret, std::string_view uri,
                  const std::function<void(std::string_view)>& write) {
  if (options.uri) return std::string(uri) + '\n';
  const bool to_file = options.png.given() || options.svg.given();
  if (in.globals().quiet && !to_file && !options.qr) return std::string(secret) + '\n';
  const credential::QrCode code{base::Secret(uri)};
  if (to_file) return write(options.png.given() ? base::text_of(code.png()) : code.svg()), std::string();
  if (options.qr) return code.half_blocks();
  return code.half_blocks() + "secret: " + grouped(secret) + "\nthen:   authctl totp confirm " +
         base::shell_word(offer.user_name) + '\n';
}

Output enroll(Invocation& in, Enrolment& options) {
  check_enrolment(in, options);
  const auto& file = options.png.given() ? options.png : options.svg;
  std::string secret = "(not generated)", shown = secret + '\n';
  base::Secret uri{std::string_view(secret)};
  const auto offer = file.deliver([&](const auto& write) {
    return service::enroll_totp(in.realm(), in.cause(), options.request, [&](const service::TotpOffer& made) {
      uri = credential::format_otpauth(made.enrolment);
      secret = base::encode_base32(made.enrolment.secret.reveal());
      shown = drawn(in, options, made, secret, uri.reveal_text(), write);
    });
  });
  const auto& settings = offer.enrolment.settings;
  auto output = Output::bytes(std::move(shown), offer_shape,
                              {{"secret", secret},
                               {"uri", uri.reveal_text()},
                               {"digits", settings.digits},
                               {"period", settings.period.count()},
                               {"algorithm", credential::word_of(settings.algorithm)}});
  base::wipe(secret.data(), secret.size());
  if (file.given()) output.with_notice(file.notice(in.dry_run(), "the QR code"));
  if (offer.replaces) output.with_notice("the TOTP of before counts until this one is confirmed");
  return output;
}

void declare_enroll(Noun& noun) {
  auto options = std::make_shared<Enrolment>();
  options->request.issuer = "authctl";
  auto& verb = noun.verb(
      "enroll", "Make a TOTP secret for a user's phone; it waits for its first code", &offer_shape,
      {.examples = {"authctl totp enroll ann --issuer Example", "authctl totp enroll ann --png ann.png"},
       .exits = {unknown_user, {5, "the file exists"}},
       .more =
           "The QR code is drawn for a dark terminal; for a light one there are --png and --svg. The secret "
           "is shown this once. Until `authctl totp confirm` nothing asks for its codes, and one that was "
           "confirmed before goes on counting."},
      [options](Invocation& in) { return enroll(in, *options); });
  verb.add_option("USER", options->request.user, "name, e-mail or id")->required();
  verb.add_option("--issuer", options->request.issuer,
                  "what the phone shows beside the name: authctl by default")
      ->type_name("I");
  verb.add_option("--algorithm", options->algorithm,
                  "SHA1 (the default; what every phone knows), SHA256, SHA512")
      ->type_name("A");
  verb.add_option("--digits", options->request.settings.digits, "6 (the default), 7 or 8")->type_name("N");
  verb.add_flag("--qr", options->qr, "the QR code alone");
  verb.add_flag("--uri", options->uri, "the otpauth:// URI alone");
  verb.add_option("--png", options->png.path, "draw it into a new file")->type_name("FILE");
  verb.add_option("--svg", options->svg.path, "draw it into a new file")->type_name("FILE");
  verb.add_flag("--force", options->force, "write over a file that exists");
}

struct CodeOptions {
  std::string user;
  SecretSource source;
};

void add_code_options(CLI::App& verb, CodeOptions& options) {
  verb.add_option("USER", options.user, "name, e-mail or id")->required();
  add_secret_options(verb, options.source, "code");
}

Output confirm(Invocation& in, const CodeOptions& options) {
  const auto policy = service::sign_in_policy(in.stored_settings());
  auto& realm = in.realm();
  const auto code = in.read_secret(options.source, "code", false);
  const auto check = service::confirm_totp(realm, in.cause(), policy, options.user, code);
  refuse_unverified(check);
  if (check.refusal)
    throw Error{ErrorCode::denied, std::string(phrase_of(*check.refusal)),
                "is the phone's clock right? a code lasts 30 seconds"};
  return status_output(check.status);
}

Output verify(Invocation& in, const CodeOptions& options) {
  const auto policy = service::sign_in_policy(in.stored_settings());
  auto& realm = in.realm();
  const auto code = in.read_secret(options.source, "code", false);
  const auto check = service::verify_second_factor(
      realm, in.cause(), policy,
      {options.user, code, "terminal", service::Factor::totp, service::Purpose::confirm});
  refuse_unverified(check);
  return Output::one(verified_shape,
                     {{"valid", check.accepted()},
                      {"reason", check.refusal ? value(service::word_of(*check.refusal)) : value()},
                      {"user", check.user_name}})
      .with_exit(check.accepted() ? 0 : code_refused);
}

const std::pair<int, std::string> refused{code_refused,
                                          "the code is not right, was used before, or is locked out"};

}  // namespace

void declare_totp_enrolment(Noun& noun) {
  declare_enroll(noun);
  auto confirmed = std::make_shared<CodeOptions>();
  add_code_options(
      noun.verb(
          "confirm", "Give the first code of a new enrolment: from then on it counts", &status_shape,
          {.examples = {"authctl totp confirm ann", "echo 123456 | authctl totp confirm ann --code-stdin"},
           .exits = {unknown_user, refused, {5, "no enrolment waits"}},
           .more = "The user's earlier tokens end."},
          [confirmed](Invocation& in) { return confirm(in, *confirmed); }),
      *confirmed);
  auto verified = std::make_shared<CodeOptions>();
  add_code_options(
      noun.verb(
          "verify", "Say whether a user's code is right; it works once", &verified_shape,
          {.examples = {"authctl totp verify ann", "echo 123456 | authctl totp verify ann --code-stdin"},
           .exits = {unknown_user, refused},
           .more = "A wrong code counts like a wrong password; a right one sets the count back."},
          [verified](Invocation& in) { return verify(in, *verified); }),
      *verified);
  auto shown = std::make_shared<std::string>();
  noun.verb("status", "Show whether a user has TOTP", &status_shape,
            {.examples = {"authctl totp status ann", "authctl totp status ann --json"},
             .exits = {unknown_user}},
            [shown](Invocation& in) { return status_output(service::totp_status(in.realm(), *shown)); })
      .add_option("USER", *shown, "name, e-mail or id")
      ->required();
  auto disabled = std::make_shared<std::string>();
  noun.verb("disable", "Take a user's TOTP away; its earlier tokens end", &status_shape,
            {.examples = {"authctl totp disable ann", "authctl totp disable ann --reason 'lost the phone'"},
             .exits = {{3, "there is no such user, or it has no TOTP"}}},
            [disabled](Invocation& in) {
              return status_output(service::disable_totp(in.realm(), in.cause(), *disabled));
            })
      .add_option("USER", *disabled, "name, e-mail or id")
      ->required();
}

}  // namespace authctl::commands
