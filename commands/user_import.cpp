#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <thread>

#include "commands/user_shape.h"
#include "core/base/error.h"
#include "core/base/spooled_file.h"
#include "core/base/text.h"
#include "core/service/user_import.h"

namespace authctl::commands {
namespace {

using base::Error;
using base::ErrorCode;
using base::json::array;
using base::json::object;
using service::ImportFault;
using service::ImportReport;

constexpr unsigned max_jobs = 64;
constexpr std::size_t max_shown = 20;  // findings of a kind, to a person

constexpr Field scheme_fields[] = {
    {"scheme", FieldType::text, false, "of the password hash", "scheme"},
    {"users", FieldType::integer, false, "who have such a hash", "users"},
    {"weak", FieldType::integer, false, "of them below OWASP's figures", "weak"},
};
constexpr Shape scheme_shape{"imported scheme", "scheme", scheme_fields};

constexpr Field finding_fields[] = {
    {"line", FieldType::integer, false, "where the record begins", "line"},
    {"name", FieldType::text, true, "as it stands there", "name"},
    {"message", FieldType::text, false, "what is to be said of it", "message"},
};
constexpr Shape finding_shape{"import finding", "", finding_fields};

constexpr Field count_fields[] = {
    {"weak", FieldType::integer, false, "carried; passwords are hashed anew at their next sign-in", ""},
    {"unknown", FieldType::integer, false, "hashes that no sign-in could verify", ""},
    {"invalid", FieldType::integer, false, "records that are no user", ""},
    {"clashing", FieldType::integer, false, "names or e-mails that are taken, or there twice", ""},
};
constexpr Shape count_shape{"import counts", "", count_fields};

constexpr Field import_fields[] = {
    {"file", FieldType::text, false, "what was read", ""},
    {"format", FieldType::text, false, "csv or jsonl", ""},
    {"digest", FieldType::text, false, "sha256: of the file, as it stands in the audit log", ""},
    {"id", FieldType::text, true, "of the import in the audit log; null: nothing was imported", ""},
    {"imported", FieldType::integer, false, "users that were made: all of them or none", ""},
    {"users", FieldType::integer, false, "records that are a user", ""},
    {"recognised", FieldType::objects, false, "their password hashes by scheme", "", &scheme_shape},
    {"without_password", FieldType::integer, false, "users who have no hash", ""},
    {"totp", FieldType::integer, false, "users who have a TOTP secret", ""},
    {"backup_codes", FieldType::integer, false, "hashes of backup codes", ""},
    {"counts", FieldType::object, false, "of the findings", "", &count_shape},
    {"weak", FieldType::objects, false, "the first 1,000 of them", "", &finding_shape},
    {"unknown", FieldType::objects, false, "the first 1,000 of them", "", &finding_shape},
    {"invalid", FieldType::objects, false, "the first 1,000 of them", "", &finding_shape},
    {"clashing", FieldType::objects, false, "the first 1,000 of them", "", &finding_shape},
    {"ignored", FieldType::strings, false, "columns and members that mean nothing here", ""},
};
constexpr Shape import_shape{"user import", "", import_fields};

struct ImportOptions {
  std::string file, format;
  unsigned jobs = 0;
};

// A stream cannot be read twice, so it is kept.
std::string file_to_read(Invocation& in, const std::string& file, std::optional<base::SpooledFile>& kept) {
  const auto folder = in.environment("TMPDIR").value_or("");
  const auto keep = [&](base::ByteSource& source) {
    kept.emplace(source, folder.empty() ? "/tmp" : folder);
    return kept->path();
  };
  if (file == "-") {
    base::StreamSource source(in.standard_input());
    return keep(source);
  }
  struct stat info {};
  if (::stat(file.c_str(), &info) != 0 || S_ISREG(info.st_mode)) return file;
  base::FileSource source(file);
  return keep(source);
}

array findings_json(const ImportReport::Kind& kind) {
  array rows;
  for (const auto& finding : kind.first)
    rows.push_back(
        object{{"line", finding.line},
               {"name", finding.name.empty() ? base::json::value() : base::json::value(finding.name)},
               {"message", finding.message}});
  return rows;
}

object report_json(const ImportReport& report, const std::string& file) {
  array schemes;
  for (const auto& [word, scheme] : report.schemes)
    schemes.push_back(object{{"scheme", word}, {"users", scheme.users}, {"weak", scheme.weak}});
  return {{"file", file},
          {"format", report.format == service::ImportFormat::csv ? "csv" : "jsonl"},
          {"digest", report.digest},
          {"id", report.import_id.empty() ? base::json::value() : base::json::value(report.import_id)},
          {"imported", report.imported},
          {"users", report.users},
          {"recognised", std::move(schemes)},
          {"without_password", report.without_password},
          {"totp", report.with_totp},
          {"backup_codes", report.backup_codes},
          {"counts",
           {{"weak", report.of(ImportFault::weak).count},
            {"unknown", report.of(ImportFault::unknown).count},
            {"invalid", report.of(ImportFault::invalid).count},
            {"clashing", report.of(ImportFault::clashing).count}}},
          {"weak", findings_json(report.of(ImportFault::weak))},
          {"unknown", findings_json(report.of(ImportFault::unknown))},
          {"invalid", findings_json(report.of(ImportFault::invalid))},
          {"clashing", findings_json(report.of(ImportFault::clashing))},
          {"ignored", array(report.ignored.begin(), report.ignored.end())}};
}

std::string users(std::uint64_t count) { return std::to_string(count) + (count == 1 ? " user" : " users"); }

void view_findings(std::string& view, const ImportReport& report, ImportFault fault, std::string_view what) {
  const auto& kind = report.of(fault);
  if (kind.count == 0) return;
  view += "\n" + std::string(word_of(fault)) + ": " + std::to_string(kind.count) + " " + std::string(what);
  for (std::size_t i = 0; i < kind.first.size() && i < max_shown; ++i) {
    const auto& finding = kind.first[i];
    view += "\n  line " + std::to_string(finding.line) + ": ";
    if (!finding.name.empty()) view += base::quote(finding.name) + ": ";
    view += finding.message;
  }
  if (kind.count > max_shown) view += "\n  and " + std::to_string(kind.count - max_shown) + " more";
}

std::string view_of(const ImportReport& report) {
  std::string view = users(report.users) + " in the file";
  for (const auto& [word, scheme] : report.schemes) {
    view += "\n  " + word + ": " + std::to_string(scheme.users);
    if (scheme.weak != 0) view += ", " + std::to_string(scheme.weak) + " of them weak";
  }
  if (report.without_password != 0) view += "\n  no password: " + std::to_string(report.without_password);
  if (report.with_totp != 0) view += "\n  TOTP secrets: " + std::to_string(report.with_totp);
  if (report.backup_codes != 0) view += "\n  backup codes: " + std::to_string(report.backup_codes);
  view_findings(view, report, ImportFault::weak,
                "(carried; passwords are hashed anew at their next sign-in)");
  view_findings(view, report, ImportFault::unknown, "(no sign-in could verify them)");
  view_findings(view, report, ImportFault::invalid, "(they are no user)");
  view_findings(view, report, ImportFault::clashing, "(taken, or there twice)");
  view += "\n" + report.digest;
  return view;
}

// Bad input comes before a conflict: it cannot be cured in the store.
Error refusal_of(const ImportReport& report) {
  const bool bad = report.of(ImportFault::unknown).count + report.of(ImportFault::invalid).count > 0;
  const auto count = report.refused();
  return Error{bad ? ErrorCode::invalid : ErrorCode::conflict,
               "nothing was imported: " + std::to_string(count) +
                   (count == 1 ? " record of the file is" : " records of the file are") + " refused",
               "the report names the lines; mend or leave them out"};
}

Output import(Invocation& in, const ImportOptions& options) {
  std::optional<base::SpooledFile> kept;
  const auto path = file_to_read(in, options.file, kept);
  service::ImportRequest request;
  request.name = std::filesystem::path(options.file).filename().string();
  request.open = [&] { return std::make_unique<base::FileSource>(path); };
  if (options.format == "csv") request.format = service::ImportFormat::csv;
  if (options.format == "jsonl") request.format = service::ImportFormat::json_lines;
  const auto threads = options.jobs != 0 ? options.jobs : std::max(1U, std::thread::hardware_concurrency());
  request.jobs = std::min(threads, max_jobs);
  request.progress = [&in](std::string_view what, std::uint64_t done, std::uint64_t total) {
    in.progress(what, done, total);
  };
  request.interrupted = [&in] { return in.interrupted(); };
  const auto report = service::import_users(in.realm(), in.cause(), request);

  auto output = Output::one(import_shape, report_json(report, options.file)).with_view(view_of(report));
  if (!report.ignored.empty()) {
    std::string names;
    for (const auto& name : report.ignored) names += (names.empty() ? "" : ", ") + base::quote(name, 40);
    output.with_notice("not imported, they mean nothing here: " + names);
  }
  if (report.refused() > 0) return output.with_error(refusal_of(report));
  if (in.dry_run()) return output.with_notice("dry run: " + users(report.users) + " would be imported");
  return output.with_notice(report.users == 0 ? "the file holds no user: nothing changed"
                                              : "imported " + users(report.imported));
}

}  // namespace

void declare_user_import(Noun& noun) {
  auto options = std::make_shared<ImportOptions>();
  auto& verb = noun.verb(
      "import", "Take over users with their password hashes, all or none", &import_shape,
      {.examples = {"authctl user import users.csv --dry-run", "authctl user import users.jsonl --json"},
       .exits = {{2, "a record is no user, or its hash is not known; nothing was imported"},
                 {5,
                  "a name or e-mail is taken or there twice, or another import runs; nothing was imported"},
                 {130, "interrupted; nothing was imported"}},
       .more =
           "CSV has a header that names its columns, JSON lines an object a line: name, email, "
           "password_hash, status (active, disabled), must_change, totp_secret (Base32 or otpauth://), "
           "backup_codes (their hashes). Hashes are carried as they are: Argon2 "
           "(d, i, id), bcrypt (2a, 2b, 2y), scrypt and PBKDF2 as PHC, passlib, Werkzeug and Django spell "
           "them, sha512crypt and yescrypt of crypt(3). The next sign-in hashes them anew; `authctl user "
           "list --scheme S` shows whose turn has not come. No hash: no password. First the whole file is "
           "judged and reported; where a record is refused nothing is written. Then all users appear at one "
           "instant, with one audit entry that holds the file's digest. An import that was killed leaves "
           "nothing that anybody sees; run it again."},
      [options](Invocation& in) { return import(in, *options); });
  verb.add_option("FILE", options->file, "CSV or JSON lines; - is standard input")->required();
  verb.add_option("--format", options->format, "csv or jsonl; found out where it is not given")
      ->type_name("F")
      ->check(CLI::IsMember({"csv", "jsonl"}));
  verb.add_option("--jobs", options->jobs,
                  "threads that read; as many as there are processors where it is not given")
      ->type_name("N")
      ->check(CLI::Range(1U, max_jobs));
}

}  // namespace authctl::commands
