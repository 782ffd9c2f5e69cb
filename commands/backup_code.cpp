#include "commands/backup_sheet.h"
#include "commands/factor_view.h"
#include "commands/secret_file.h"
#include "core/base/error.h"
#include "core/base/shell_word.h"
#include "core/base/text.h"
#include "core/service/backup_codes.h"

namespace authctl::commands {
namespace {

constexpr Field set_fields[] = {
    {"user", FieldType::text, false, "whose they are", ""},
    {"codes", FieldType::strings, false, "each works once; shown this once; empty where --out names a file",
     ""},
};
constexpr Shape set_shape{"backup-code set", "", set_fields};

constexpr Field status_fields[] = {
    {"user", FieldType::text, false, "whose they are", ""},
    {"left", FieldType::integer, false, "not used yet", ""},
    {"used", FieldType::integer, false, "of the same set", ""},
    {"created_at", FieldType::time, true, "when the set was made; null: there is none", ""},
};
constexpr Shape status_shape{"backup-code status", "user", status_fields};

constexpr Field verified_fields[] = {
    {"valid", FieldType::boolean, false, "whether the code was right; it is used up now", ""},
    {"reason", FieldType::text, true, "wrong_code, used_code or disabled", ""},
    {"user", FieldType::text, false, "whose code it is", ""},
    {"left", FieldType::integer, false, "codes that were not used yet", ""},
};
constexpr Shape verified_shape{"backup-code verification", "", verified_fields};

const std::pair<int, std::string> unknown_user{3, "there is no such user"};

void warn_of_few(Output& output, const std::string& user, std::int64_t left) {
  if (left >= service::few_backup_codes) return;
  output.with_notice("user " + base::quote(user) + " has " +
                     (left == 0 ? std::string("no") : std::to_string(left)) +
                     (left == 1 ? " backup code" : " backup codes") + " left: authctl backup-code generate " +
                     base::shell_word(user));
}

struct Generation {
  std::string user, print;
  std::int64_t count = service::usual_backup_codes;
  SecretFile out;
};

std::string sheet_of(Invocation& in, const Generation& options, const service::BackupCodes& made) {
  const BackupSheet sheet{made.user_name, in.stored_settings().text("issuer"), in.clock().now(), made.codes};
  if (options.print == "html") return html_of(sheet);
  if (options.print == "text") return text_of(sheet);
  std::string lines;
  for (const auto& code : made.codes) lines += std::string(code.reveal_text()) + '\n';
  return lines;
}

Output generate(Invocation& in, const Generation& options) {
  if (!options.print.empty() && options.print != "text" && options.print != "html")
    throw base::Error{base::ErrorCode::usage,
                      "a sheet is printed as text or html, not as " + base::quote(options.print),
                      "--print text or --print html"};
  options.out.prepare(in);
  const auto made = options.out.deliver([&](const auto& write) {
    return service::generate_backup_codes(
        in.realm(), in.cause(), options.user, options.count,
        [&](const service::BackupCodes& codes) { write(sheet_of(in, options, codes)); });
  });
  base::json::array codes;  // not where they are in a file: what is printed may end up in a log
  if (in.dry_run()) codes.emplace_back("(not generated)");
  if (!options.out.given())
    for (const auto& code : made.codes) codes.emplace_back(code.reveal_text());
  std::string shown;
  if (!options.out.given())
    shown = in.dry_run() ? std::string("(not generated)\n") : sheet_of(in, options, made);
  auto output =
      Output::bytes(std::move(shown), set_shape, {{"user", made.user_name}, {"codes", std::move(codes)}});
  if (options.out.given()) output.with_notice(options.out.notice(in.dry_run(), "the set of codes"));
  if (made.ended > 0)
    output.with_notice(std::to_string(made.ended) + (made.ended == 1 ? " code" : " codes") +
                       " of the set before " + (in.dry_run() ? "would end" : "ended"));
  return output;
}

void declare_generate(Noun& noun) {
  auto options = std::make_shared<Generation>();
  auto& verb = noun.verb(
      "generate", "Make a set of backup codes; the one before ends", &set_shape,
      {.examples = {"authctl backup-code generate ann",
                    "authctl backup-code generate ann --print html --out ann.html"},
       .exits = {unknown_user, {5, "the file exists"}},
       .more =
           "The codes are shown this once; the store keeps a keyed hash of each. --print makes a sheet to "
           "print: as text, or as a page of HTML."},
      [options](Invocation& in) { return generate(in, *options); });
  verb.add_option("USER", options->user, "name, e-mail or id")->required();
  verb.add_option("--count", options->count, "how many: 10 by default, at most 100")->type_name("N");
  verb.add_option("--print", options->print, "a sheet to print: text or html")->type_name("FORM");
  add_secret_file(verb, options->out, "them");
}

void declare_status(Noun& noun) {
  auto user = std::make_shared<std::string>();
  noun.verb(
          "status", "Count a user's backup codes that are left", &status_shape,
          {.examples = {"authctl backup-code status ann", "authctl backup-code status ann --json"},
           .exits = {unknown_user}},
          [user](Invocation& in) {
            const auto status = service::backup_code_status(in.realm(), *user);
            auto output = Output::one(
                status_shape,
                {{"user", status.user_name},
                 {"left", status.left},
                 {"used", status.used},
                 {"created_at", status.created_at ? value(base::to_rfc3339(*status.created_at)) : value()}});
            warn_of_few(output, status.user_name, status.left);
            return output;
          })
      .add_option("USER", *user, "name, e-mail or id")
      ->required();
}

struct Verification {
  std::string user;
  SecretSource source;
};

Output verify(Invocation& in, const Verification& options) {
  const auto policy = service::sign_in_policy(in.stored_settings());
  auto& realm = in.realm();
  const auto code = in.read_secret(options.source, "code", false);
  const auto check = service::verify_second_factor(
      realm, in.cause(), policy,
      {options.user, code, "terminal", service::Factor::backup_code, service::Purpose::confirm});
  refuse_unverified(check);
  auto output = Output::one(verified_shape,
                            {{"valid", check.accepted()},
                             {"reason", check.refusal ? value(service::word_of(*check.refusal)) : value()},
                             {"user", check.user_name},
                             {"left", check.backup_codes_left}});
  if (check.accepted()) warn_of_few(output, check.user_name, check.backup_codes_left);
  return output.with_exit(check.accepted() ? 0 : code_refused);
}

void declare_verify(Noun& noun) {
  auto options = std::make_shared<Verification>();
  auto& verb = noun.verb(
      "verify", "Say whether a user's backup code is right; it works once", &verified_shape,
      {.examples = {"authctl backup-code verify ann", "authctl backup-code verify ann --code-stdin < code"},
       .exits = {unknown_user, {code_refused, "the code is not right, was used before, or is locked out"}},
       .more = "A wrong code counts like a wrong password; a right one sets the count back."},
      [options](Invocation& in) { return verify(in, *options); });
  verb.add_option("USER", options->user, "name, e-mail or id")->required();
  add_secret_options(verb, options->source, "code");
}

}  // namespace

void declare_backup_code(Noun& noun) {
  declare_generate(noun);
  declare_status(noun);
  declare_verify(noun);
}

}  // namespace authctl::commands
