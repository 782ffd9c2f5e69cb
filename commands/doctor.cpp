#include "commands/checkup_view.h"
#include "commands/command.h"
#include "core/base/file.h"
#include "core/base/text.h"
#include "core/service/checkup.h"

namespace authctl::commands {
namespace {

constexpr std::size_t longest_checkpoint = 64 * 1024;

constexpr Field finding_fields[] = {
    {"id", FieldType::text, false, "of the check", "check"},
    {"group", FieldType::text, false, "files, store, settings, server, keys, access, log or backup", ""},
    {"severity", FieldType::text, false, "ok, warn, fail, or skipped: it could not be told", "severity"},
    {"finding", FieldType::text, false, "what was found, one sentence", "finding"},
    {"hint", FieldType::text, true, "what to type; null where nothing is to be done", "to do"},
};
constexpr Shape finding_shape{"doctor", "id", finding_fields};

struct Request {
  std::string only, fail_on = "fail", checkpoint;
};

std::string settings_file(Invocation& in) {
  if (!in.globals().config.empty()) return in.globals().config;
  const auto environment = [&in](const std::string& name) { return in.environment(name); };
  if (const auto named = in.environment("AUTHCTL_CONFIG")) return *named;
  const auto file = base::default_config_file(environment);
  return base::mode_of(file) < 0 ? std::string() : file;
}

Output run(Invocation& in, const Request& request) {
  if (request.fail_on != "warn" && request.fail_on != "fail")
    throw base::Error(base::ErrorCode::usage,
                      "--fail-on is warn or fail, not " + base::quote(request.fail_on), "--fail-on warn");
  service::CheckupRequest checkup;
  checkup.settings = &in.settings();
  checkup.settings_file = settings_file(in);
  checkup.store_url_file = in.environment("AUTHCTL_STORE_FILE").value_or("");
  checkup.only = request.only;
  if (!request.checkpoint.empty()) checkup.checkpoint = in.read_input(request.checkpoint, longest_checkpoint);
  const auto report =
      service::run_checkup(checkup, in.clock().now(), [&in]() -> service::Realm& { return in.realm(); });
  if (report.failure && report.findings.empty()) throw *report.failure;
  base::json::array rows;
  for (const auto& finding : report.findings) {
    if (in.globals().quiet && finding.severity < service::Severity::warn) continue;
    rows.push_back(service::finding_json(finding));
  }
  auto output =
      Output::many(finding_shape, std::move(rows)).with_view(draw_checkup(report, !request.only.empty()));
  if (report.failure) return output.with_error(*report.failure);
  const auto limit = request.fail_on == "warn" ? service::Severity::warn : service::Severity::fail;
  return output.with_exit(report.worst() >= limit ? 4 : 0);
}

}  // namespace

void declare_doctor(Noun& noun) {
  auto request = std::make_shared<Request>();
  auto& app = noun.alone(
      &finding_shape,
      {.examples = {"authctl doctor", "authctl doctor --only access --json",
                    "authctl doctor --fail-on warn --checkpoint kept.note"},
       .exits = {{4, "something is wrong: a check failed, or with --fail-on warn one has to be looked at"},
                 {8, "the store cannot be used; what could be told without it is printed"}},
       .more =
           "Looks at files, store, settings, running servers, keys, people, log and backups, and says for "
           "each what it found and what to type; with --only also what is well or could not be told. It "
           "changes nothing. --quiet prints the ids of the checks "
           "that found something. What each check looks for is in docs/doctor.md."},
      [request](Invocation& in) { return run(in, *request); });
  app.add_option("--only", request->only, "a check or a group: access, keys, files, …")
      ->type_name("CHECK|GROUP");
  offer(app.add_option("--fail-on", request->fail_on, "from which severity on it exits 4: fail by default")
            ->type_name("SEVERITY"),
        {"warn", "fail"});
  app.add_option("--checkpoint", request->checkpoint,
                 "a checkpoint that was kept elsewhere; - is standard input")
      ->type_name("FILE");
}

}  // namespace authctl::commands
