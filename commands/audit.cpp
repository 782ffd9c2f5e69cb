#include <filesystem>
#include <thread>

#include "commands/audit_shapes.h"
#include "commands/command.h"
#include "commands/pictures.h"
#include "commands/secret_file.h"
#include "core/audit/evidence_bundle.h"
#include "core/audit/formats.h"
#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/text.h"
#include "core/service/audit_trail.h"

namespace authctl::commands {
namespace {

using base::Error;
using base::ErrorCode;

constexpr auto poll_interval = std::chrono::milliseconds(50);
constexpr std::size_t max_note_bytes = 65536;
constexpr std::size_t max_receipt_bytes = 1 << 20;

// Only what is revealed is recorded with who asked for it; to look that up takes the system's list of users.
service::Cause cause_of_reading(Invocation& in, bool reveal) {
  return reveal ? in.cause() : service::Cause{};
}

void declare_query(Noun& noun) {
  auto request = std::make_shared<service::AuditRequest>();
  auto& verb = noun.verb(
      "query", "Show entries, newest first", &audit_entry_shape,
      {.examples = {"authctl audit query --since 24h --action 'user.*'",
                    "authctl audit query --target ann --limit 10 -o json"},
       .more = "E-mail and network addresses are masked; --reveal shows them and is an entry itself."},
      [request](Invocation& in) {
        return Output::many(
            audit_entry_shape,
            service::query_audit(in.realm(), cause_of_reading(in, request->reveal), *request));
      });
  verb.add_option("--since", request->since, "from this time on, or so long ago")->type_name("T|D");
  verb.add_option("--until", request->until, "up to this time, its whole second, or so long ago")
      ->type_name("T|D");
  verb.add_option("--actor", request->actor, "who did it: os:NAME, user:ID, or NAME for os:NAME");
  verb.add_option("--action", request->action, "noun.verb, with * for any run of characters")
      ->type_name("GLOB");
  verb.add_option("--target", request->target, "id or name of what it was done to");
  offer(verb.add_option("--outcome", request->outcome, "success, failure or denied"),
        {"success", "failure", "denied"});
  verb.add_option("--ip", request->ip, "the address it came from");
  verb.add_option("--limit", request->limit, "at most so many");
  verb.add_flag("--reveal", request->reveal, "show addresses in full");
}

// A person reads a line; a program gets the object.
void show_entry(Invocation& in, const base::json::object& entry, bool as_json) {
  auto& out = in.standard_output();
  if (as_json) {
    out << audit::jsonl_line(entry);
  } else {
    const auto* target = entry.at("target").if_object();
    const auto word = [](const base::json::value& held) {
      return held.is_string() ? base::printable(held.get_string()) : std::string("-");
    };
    out << entry.at("seq").as_int64() << "  " << word(entry.at("time")) << "  " << word(entry.at("actor"))
        << "  " << word(entry.at("action")) << "  "
        << (target ? word(target->at("kind")) + '/' + word(target->at("name")) : std::string("-")) << "  "
        << word(entry.at("outcome")) << '\n';
  }
  out.flush();
}

Output follow(Invocation& in, bool reveal) {
  const auto& format = in.globals().output;
  const bool as_json = in.globals().json || format == "json" || format == "jsonl" ||
                       in.settings().text("output").starts_with("json");
  service::AuditFollower follower(in.realm(), cause_of_reading(in, reveal), reveal);
  while (!in.interrupted()) {
    follower.poll([&](const base::json::object& entry) { show_entry(in, entry, as_json); });
    if (!in.standard_output()) throw Error(ErrorCode::io, "nobody reads the entries any more");
    std::this_thread::sleep_for(poll_interval);
  }
  return Output::nothing().with_exit(130);
}

void declare_follow(Noun& noun) {
  auto reveal = std::make_shared<bool>(false);
  auto& verb = noun.verb("follow", "Show new entries as they come, until Ctrl-C", &audit_entry_shape,
                         {.examples = {"authctl audit follow", "authctl audit follow -o jsonl"},
                          .exits = {{130, "Ctrl-C was typed"}}},
                         [reveal](Invocation& in) { return follow(in, *reveal); });
  verb.add_flag("--reveal", *reveal, "show addresses in full");
}

struct VerifyOptions {
  std::string evidence, checkpoint, public_key;
};

audit::VerifierKey verifier_key_of(Invocation& in, const std::string& file) {
  const std::string text = in.read_input(file, max_note_bytes);
  if (auto key = audit::parse_verifier_key(base::without_newline(text))) return std::move(*key);
  throw Error(ErrorCode::invalid, base::quote(file) + " is no verifier key",
              "authctl audit checkpoint --public-key");
}

// With the public key alone no store is opened: it may be checked wherever it was carried.
audit::Verification evidence_verification(Invocation& in, const VerifyOptions& options) {
  if (!options.checkpoint.empty())
    throw Error(ErrorCode::usage, "evidence brings its own checkpoint", "leave out --checkpoint");
  const auto key = options.public_key.empty()
                       ? audit::open_log_key(in.realm().db(), in.realm().sealer()).verifier()
                       : verifier_key_of(in, options.public_key);
  if (std::filesystem::is_directory(options.evidence)) return audit::verify_bundle(options.evidence, key);
  return audit::verify_receipt(in.read_input(options.evidence, max_receipt_bytes), key);
}

audit::Verification verification_of(Invocation& in, const VerifyOptions& options) {
  if (!options.evidence.empty()) return evidence_verification(in, options);
  audit::VerifyRequest request;
  if (!options.checkpoint.empty()) request.checkpoint = in.read_input(options.checkpoint, max_note_bytes);
  request.progress = [&in](std::int64_t done, std::int64_t total) {
    if (in.interrupted()) throw Error(ErrorCode::interrupted, "interrupted");
    in.progress("entries", static_cast<std::uint64_t>(done), static_cast<std::uint64_t>(total));
  };
  if (options.public_key.empty()) {
    request.sealer = &in.realm().sealer();
    return audit::verify_log(in.realm().db(), request);
  }
  request.public_key = verifier_key_of(in, options.public_key);
  // The master key stays where it is: whoever only checks does not need it.
  const auto db = store::open_database(in.settings().text("store"), store::OpenMode::read_only);
  return audit::verify_log(*db, request);
}

Output verify(Invocation& in, const VerifyOptions& options) {
  audit::Verification result;
  try {
    result = verification_of(in, options);
  } catch (const store::AlteredLogIndex& found) {  // such a store opens for nobody; here it is the answer
    result.verdict = audit::LogVerdict::altered;
    result.problem = found.message();
  }
  const bool intact = result.verdict == audit::LogVerdict::intact;
  return Output::one(audit_verify_shape, service::verification_json(result)).with_exit(intact ? 0 : 7);
}

void declare_verify(Noun& noun) {
  auto options = std::make_shared<VerifyOptions>();
  auto& verb =
      noun.verb("verify", "Check that nobody altered or cut the log", &audit_verify_shape,
                {.examples = {"authctl audit verify", "authctl audit verify --checkpoint kept.note --json",
                              "authctl audit verify evidence --public-key log.vkey"},
                 .exits = {{7, "the log is altered, truncated, or cannot be verified"}},
                 .more = "Every leaf is recomputed from the stored columns, the tree from the leaves, and "
                         "both are held against "
                         "the signed head. Only a checkpoint that was kept elsewhere tells an older copy of "
                         "the whole store. A receipt of `incident contain` and a folder of `incident report` "
                         "are checked against the public key, "
                         "with no store; without --public-key, against the store's."},
                [options](Invocation& in) { return verify(in, *options); });
  verb.add_option("FILE", options->evidence, "evidence to check: a receipt, or a folder of incident report");
  verb.add_option("--checkpoint", options->checkpoint, "a signed tree head that was kept elsewhere")
      ->type_name("FILE");
  verb.add_option("--public-key", options->public_key, "check with this key alone; no master key is needed")
      ->type_name("FILE");
}

struct CheckpointOptions {
  SecretFile out;
  bool public_key = false;
};

Output checkpoint(Invocation& in, const CheckpointOptions& options) {
  options.out.prepare(in);
  const auto made = service::audit_checkpoint(in.realm());
  const std::string payload = options.public_key ? made.public_key + '\n' : made.note;
  base::json::object data{{"checkpoint", made.note}, {"public_key", made.public_key}, {"file", nullptr}};
  if (!options.out.given()) return Output::bytes(payload, audit_checkpoint_shape, std::move(data));
  data["file"] = options.out.path;
  if (!in.dry_run()) options.out.write(payload);
  return Output::one(audit_checkpoint_shape, std::move(data));
}

void declare_checkpoint(Noun& noun) {
  auto options = std::make_shared<CheckpointOptions>();
  auto& verb = noun.verb(
      "checkpoint", "Print a signed tree head to keep elsewhere", &audit_checkpoint_shape,
      {.examples = {"authctl audit checkpoint --out kept.note",
                    "authctl audit checkpoint --public-key --out log.vkey"},
       .exits = {{5, "the file exists"}},
       .more = "A C2SP tlog-checkpoint in a signed note. The public key is printed in the form of the same "
               "specification, so that others can check the note too."},
      [options](Invocation& in) { return checkpoint(in, *options); });
  add_secret_file(verb, options->out, "it");
  verb.add_flag("--public-key", options->public_key, "print the key that checks it instead");
}

void declare_prove(Noun& noun) {
  auto seq = std::make_shared<std::int64_t>(0);
  auto& verb = noun.verb(
      "prove", "Prove offline that an entry is in the log", &audit_proof_shape,
      {.examples = {"authctl audit prove 42", "authctl audit prove 42 --json"},
       .exits = {{3, "there is no such entry, or it was pruned"}, {7, "the log is altered"}},
       .more =
           "RFC 6962: leaf = SHA-256(0x00 || record); going up, with i = leaf_index and n = size - 1, for "
           "each h in "
           "path: if i is odd or i = n, leaf = SHA-256(0x01 || h || leaf) and i and n are halved until i is "
           "odd "
           "or 0; else leaf = SHA-256(0x01 || leaf || h); then both are halved. The last is the root in the "
           "checkpoint, whose signature the public key checks."},
      [seq](Invocation& in) {
        return Output::one(audit_proof_shape, service::prove_audit_entry(in.realm(), in.cause(), *seq));
      });
  verb.add_option("SEQ", *seq, "number of the entry")->required();
}

void declare_export(Noun& noun) {
  auto request = std::make_shared<service::AuditExport>();
  auto format = std::make_shared<std::string>("jsonl");
  auto& verb = noun.verb(
      "export", "Write all entries for another program, oldest first", &audit_entry_shape,
      {.examples = {"authctl audit export --format csv --since 7d", "authctl audit export --format cef"}},
      [request, format](Invocation& in) {
        const auto parsed = service::parse_audit_format(*format);
        if (!parsed)
          throw Error(ErrorCode::usage, "a format is jsonl, csv or cef, not " + base::quote(*format),
                      "--format jsonl");
        request->format = *parsed;
        request->version = version();
        service::export_audit(in.realm(), cause_of_reading(in, request->reveal), *request,
                              in.standard_output());
        return Output::nothing();
      });
  offer(verb.add_option("--format", *format, "jsonl, csv or cef")->capture_default_str(),
        {"jsonl", "csv", "cef"});
  verb.add_option("--since", request->since, "from this time on, or so long ago")->type_name("T|D");
  verb.add_flag("--reveal", request->reveal, "show addresses in full");
}

void declare_prune(Noun& noun) {
  auto before = std::make_shared<std::string>();
  auto& verb =
      noun.verb("prune", "Forget the oldest entries, leaving a signed stub", &audit_prune_shape,
                {.examples = {"authctl audit prune --before 365d",
                              "authctl audit prune --before 2026-01-01T00:00:00Z --dry-run"},
                 .exits = {{7, "one of the entries was altered; nothing was pruned"}}},
                [before](Invocation& in) {
                  const auto time = service::parse_audit_time(*before, in.clock().now());
                  in.confirm("forget every audit entry before " + base::to_rfc3339(time) + "?");
                  return Output::one(audit_prune_shape, service::prune_audit(in.realm(), in.cause(), time));
                });
  verb.add_option("--before", *before, "a time, or so long ago")->type_name("T|D")->required();
}

void declare_stats(Noun& noun) {
  auto pictures = std::make_shared<PictureFiles>();
  auto& verb = noun.verb(
      "stats", "Count entries by action, outcome and hour", &audit_stats_shape,
      {.examples = {"authctl audit stats", "authctl audit stats --svg audit.svg"},
       .more =
           "A picture shows the last 48 hours that have entries, by hour and kind, and where refusals came "
           "from. It is drawn by cairo (libcairo2), which is opened only then."},
      [pictures](Invocation& in) {
        pictures->prepare(in);
        if (pictures->wanted())
          write_pictures(in, *pictures, audit_picture(service::audit_activity(in.realm(), in.clock().now())));
        return Output::one(audit_stats_shape, service::audit_statistics(in.realm()));
      });
  add_picture_options(verb, *pictures);
}

}  // namespace

void declare_audit(Noun& noun) {
  declare_query(noun);
  declare_follow(noun);
  declare_verify(noun);
  declare_checkpoint(noun);
  declare_prove(noun);
  declare_export(noun);
  declare_prune(noun);
  declare_stats(noun);
}

}  // namespace authctl::commands
