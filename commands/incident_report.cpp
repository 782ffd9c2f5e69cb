#include <filesystem>

#include "commands/incident.h"
#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/text.h"
#include "core/service/incident_report.h"

namespace authctl::commands {
namespace {

constexpr Field file_fields[] = {
    {"name", FieldType::text, false, "of the file in the folder", "name"},
    {"bytes", FieldType::integer, false, "its size", "bytes"},
    {"sha256", FieldType::text, false, "of its bytes, base64", "sha256"},
};
constexpr Shape file_shape{"evidence file", "name", file_fields};

constexpr Field report_fields[] = {
    {"folder", FieldType::text, false, "where the bundle is", ""},
    {"since", FieldType::time, false, "what is in it begins here", ""},
    {"until", FieldType::time, false, "when it was made", ""},
    {"entries", FieldType::integer, false, "entries of the audit log in it", ""},
    {"first_seq", FieldType::integer, false, "the first of them", ""},
    {"last_seq", FieldType::integer, false, "the last of them", ""},
    {"pruned", FieldType::integer, false, "entries right before the first that were pruned", ""},
    {"revealed", FieldType::boolean, false, "whether addresses stand in it in full", ""},
    {"incidents", FieldType::integer, false, "receipts of `incident contain` in it", ""},
    {"files", FieldType::objects, false, "what the folder holds beside evidence.json", "", &file_shape},
    {"checkpoint", FieldType::text, false, "the signed head of the log over its entries", ""},
    {"public_key", FieldType::text, false, "the key that checks it, for audit verify --public-key", ""},
};
constexpr Shape report_shape{"incident report", "folder", report_fields};

// authctl-report-20260131T120000Z
std::string usual_folder(base::Timestamp now) {
  std::string time = base::to_rfc3339(now);
  std::erase_if(time, [](char c) { return c == '-' || c == ':'; });
  return "authctl-report-" + time;
}

Output report(Invocation& in, service::ReportRequest request) {
  if (request.folder.empty()) request.folder = usual_folder(in.clock().now());
  if (base::mode_of(request.folder) >= 0)
    throw base::Error(base::ErrorCode::conflict, base::quote(request.folder) + " exists",
                      "--out another folder");
  const auto made = service::report_incident(in.realm(), in.cause(), request);
  std::string view = service::summary_of(made, in.cause().actor);
  auto output = Output::one(report_shape, service::report_json(made)).with_view(std::move(view));
  if (made.pruned > 0)
    output.with_notice("entries up to " + std::to_string(made.pruned) +
                       " were pruned; whether some are younger than --since is not known");
  return output.with_notice("the evidence " + std::string(in.dry_run() ? "would be in " : "is in ") +
                            base::quote(made.folder));
}

}  // namespace

void declare_incident_report(Noun& noun) {
  auto request = std::make_shared<service::ReportRequest>();
  auto& verb = noun.verb(
      "report", "Make a bundle of evidence that others can check", &report_shape,
      {.examples =
           {"authctl incident report --since 24h",
            "authctl incident report --since 2026-01-31T00:00:00Z --out evidence --reason 'ticket 42'"},
       .exits = {{5, "the folder exists"}, {7, "the log was altered"}},
       .more =
           "A new folder with the entries of the audit log since then, the proof that they are in the log "
           "and "
           "none is missing, the history of the keys, receipts of `incident contain`, and summary.txt for a "
           "person. `audit verify FOLDER --public-key F` checks it on any machine with the public key alone. "
           "E-mail and network addresses are masked; --reveal shows them and is an entry itself."},
      [request](Invocation& in) { return report(in, *request); });
  verb.add_option("--since", request->since, "from this time on, or so long ago")
      ->type_name("T|D")
      ->required();
  verb.add_option("--out", request->folder, "the folder to make; authctl-report-TIME without it")
      ->type_name("FOLDER");
  verb.add_flag("--reveal", request->reveal, "show addresses in full");
}

}  // namespace authctl::commands
