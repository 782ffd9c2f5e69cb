#include <filesystem>

#include "commands/containment_view.h"
#include "commands/incident.h"
#include "commands/key_options.h"
#include "commands/secret_file.h"
#include "core/audit/evidence.h"
#include "core/base/error.h"
#include "core/base/text.h"
#include "core/service/containment.h"

namespace authctl::commands {
namespace {

using base::Error;
using base::ErrorCode;

constexpr Field subject_fields[] = {
    {"kind", FieldType::text, false, "user, key or store", ""},
    {"id", FieldType::text, true, "of the user, of the key; null for the store", ""},
    {"name", FieldType::text, true, "of the user", ""},
};
constexpr Shape subject_shape{"incident subject", "id", subject_fields};

constexpr Field step_fields[] = {
    {"step", FieldType::text, false,
     "lock-account, end-codes, rotate-key, revoke-key, cut-off, lock-accounts, lock-clients or end-sessions",
     ""},
    {"target", FieldType::text, true, "id of the user or the key; null: everything of its kind", ""},
    {"name", FieldType::text, true, "what it is called", ""},
    {"state", FieldType::text, false, "planned or done", ""},
    {"ends", FieldType::any, false, "an object: how many of what hang on it, or were ended by it", ""},
    {"notes", FieldType::strings, false, "what else is to be known", ""},
    {"done_at", FieldType::time, true, "when it was done", ""},
    {"first_seq", FieldType::integer, true, "its first entry in the audit log", ""},
    {"last_seq", FieldType::integer, true, "its last entry there", ""},
};
constexpr Shape step_shape{"incident step", "step", step_fields};

constexpr Field contain_fields[] = {
    {"incident", FieldType::text, false, "id of the incident", ""},
    {"scope", FieldType::text, false, "user, key or store", ""},
    {"subject", FieldType::object, false, "what is contained", "", &subject_shape},
    {"state", FieldType::text, false, "planned, begun or contained", ""},
    {"resumed", FieldType::boolean, false, "whether a run that was interrupted is gone on with", ""},
    {"began_at", FieldType::time, true, "when its first run began", ""},
    {"finished_at", FieldType::time, true, "when the last step was done", ""},
    {"steps", FieldType::objects, false, "in their order", "", &step_shape},
    {"next", FieldType::strings, false, "what to type afterwards", ""},
    {"receipt", FieldType::any, true, "the signed receipt: receipt, proof, public_key", ""},
    {"file", FieldType::text, true, "where the receipt was written; null: nowhere", ""},
};
constexpr Shape contain_shape{"incident contain", "incident", contain_fields};

struct Options {
  service::ContainRequest request;
  bool all = false;
  SecretFile out;
};

bool for_a_person(Invocation& in) {
  const auto& globals = in.globals();
  if (globals.json || globals.quiet) return false;
  return (globals.output.empty() ? in.settings().text("output") : globals.output) == "table";
}

std::string question(const service::Containment& plan) {
  if (plan.over) return "it is contained already; print the receipt again?";
  const std::string verb = plan.resumed ? "go on and contain " : "contain ";
  if (plan.scope == service::ContainScope::store)
    return verb + "everything: nobody but holders of admin:all gets in until they are let in again. Now?";
  return verb + std::string(service::word_of(plan.scope)) + " " + base::quote(plan.name) + " now?";
}

// The plan is shown before the question, and with the refusal to ask it where there is no terminal.
void ask(Invocation& in, const service::Containment& plan) {
  if (!in.globals().yes && !in.dry_run() && for_a_person(in))
    in.standard_error() << draw_containment(plan) << std::flush;
  in.confirm(question(plan));
}

Output shown(Invocation& in, const Options& options, const service::Containment& done) {
  auto json = service::containment_json(done);
  if (options.out.given()) json["file"] = options.out.path;
  auto output = Output::one(contain_shape, std::move(json)).with_view(draw_containment(done));
  for (const auto& notice : done.notices) output.with_notice(notice);
  if (done.over) output.with_notice("nothing changed: it is contained, and nothing has come to be since");
  if (done.resumed && !in.dry_run()) output.with_notice("a run that was interrupted was gone on with");
  if (options.out.given()) output.with_notice(options.out.notice(in.dry_run(), "the receipt"));
  return output;
}

// Whether the file is a receipt of this incident: a run that was killed, or one beside this one, has left it.
bool holds_receipt(const std::string& path, const service::Containment& incident) {
  constexpr std::size_t longest_receipt = 16 << 20;
  if (incident.id.empty() || !std::filesystem::is_regular_file(std::filesystem::symlink_status(path)) ||
      std::filesystem::file_size(path) > longest_receipt)
    return false;
  const auto file = base::parse_json(base::read_file(path, longest_receipt));
  const auto* object = file ? file->if_object() : nullptr;
  if (object && !incident.receipt.empty()) return *object == incident.receipt;
  const auto* receipt = object ? object->if_contains("receipt") : nullptr;
  if (receipt == nullptr || !receipt->is_object()) return false;
  const auto* id = receipt->as_object().if_contains("incident");
  return id && *id == base::json::value(incident.id);
}

void prepare_receipt(Invocation& in, const Options& options, const service::Containment& plan) {
  if (options.request.force || !options.out.given()) return;
  const bool there = holds_receipt(options.out.path, plan);
  options.out.prepare(in, there ? base::IfExists::replace : base::IfExists::refuse);
}

void leave_receipt(const SecretFile& out, const service::Containment& done) {
  try {
    out.write(audit::receipt_text(done.receipt));
  } catch (const Error& error) {
    if (error.code() != ErrorCode::conflict || !holds_receipt(out.path, done)) throw;
  }
}

Output contain(Invocation& in, Options options) {
  auto& request = options.request;
  const int named = !request.user.empty() + !request.kid.empty() + options.all;
  if (named != 1)
    throw Error(ErrorCode::usage,
                named == 0 ? "say what is to be contained: a user, a key, or everything"
                           : "one thing is contained at a time: a user, a key, or everything",
                "authctl incident contain --user U, --kid K or --all");
  request.timing = timing_of(in);
  auto plan = service::plan_containment(in.realm(), request);
  prepare_receipt(in, options, plan);
  options.out.force = request.force;  // it is asked for once, with the plan
  ask(in, plan);
  service::contain(in.realm(), in.cause(), request, plan, [&in](std::size_t done, std::size_t steps) {
    if (in.interrupted())
      throw Error(ErrorCode::interrupted, "interrupted between two steps",
                  "run it again: it goes on where it was");
    in.progress("steps", done, steps);
  });
  if (options.out.given() && !in.dry_run()) leave_receipt(options.out, plan);
  return shown(in, options, plan);
}

}  // namespace

void declare_incident_contain(Noun& noun) {
  auto options = std::make_shared<Options>();
  auto& verb = noun.verb(
      "contain", "Lock, revoke and rotate at once, and leave a signed receipt", &contain_shape,
      {.examples = {"authctl incident contain --user ann --reason 'laptop stolen'",
                    "authctl incident contain --kid KID --yes --reason 'key in a CI log' --out receipt.json",
                    "authctl incident contain --all --dry-run"},
       .exits = {{3, "no such user or key"},
                 {5, "the last holder of admin:all would be locked, or the file exists: --force"}},
       .more =
           "Prints its plan and asks. A user: the account is locked, its sessions, refresh tokens, tokens, "
           "reset links and codes end. A key: a successor signs at once, the key is revoked and what hangs "
           "on it ends; a Fernet key is kept sealed for `fernet rotate --from`. Everything: all keys, "
           "tokens and sessions, all clients, and every account but those that hold admin:all, which are "
           "signed out. Each step is done whole or not at all; run again after an interruption it goes "
           "on, with the same --out too. The receipt is checked by `audit verify FILE --public-key F`. At "
           "the command line nobody "
           "needs an account, so this host always lets people in again."},
      [options](Invocation& in) { return contain(in, *options); });
  auto& request = options->request;
  verb.add_option("--user", request.user, "name, e-mail or id of a user")->type_name("U");
  verb.add_option("--kid", request.kid, "id of a key")->type_name("K");
  verb.add_flag("--all", options->all, "everything in the store");
  verb.add_option("--out", options->out.path, "write the receipt to a new file (mode 0600)")
      ->type_name("FILE");
  verb.add_flag("--force", request.force,
                "also where nobody is left who holds admin:all, and over a file that exists");
}

}  // namespace authctl::commands
