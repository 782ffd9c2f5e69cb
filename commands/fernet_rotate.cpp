#include <filesystem>
#include <thread>

#include "commands/fernet_options.h"
#include "core/base/error.h"
#include "core/base/text.h"
#include "core/service/fernet_rotation.h"

namespace authctl::commands {
namespace {

using base::Error;
using base::ErrorCode;
using base::json::array;
using base::json::object;
using service::RecordTally;

constexpr Field failure_fields[] = {
    {"line", FieldType::integer, false, "where the record begins", "line"},
    {"reason", FieldType::text, false, "why it stayed as it was", "reason"},
};
constexpr Shape failure_shape{"failed record", "", failure_fields};

constexpr Field rotation_fields[] = {
    {"records", FieldType::integer, false, "in all", ""},
    {"rotated", FieldType::integer, false, "now under the active key", ""},
    {"current", FieldType::integer, false, "were under it already", ""},
    {"empty", FieldType::integer, false, "hold no token", ""},
    {"failed", FieldType::integer, false, "stayed as they were", ""},
    {"failures", FieldType::objects, false, "the first 10,000 of them", "", &failure_shape},
    {"output", FieldType::text, true, "the file that was made", ""},
};
constexpr Shape rotation_shape{"fernet rotate", "", rotation_fields};

constexpr Field count_fields[] = {
    {"kid", FieldType::text, false, "of the key", "kid"},
    {"state", FieldType::text, false, "of the key", "state"},
    {"records", FieldType::integer, false, "under it", "records"},
};
constexpr Shape count_shape{"key count", "kid", count_fields};

constexpr Field stats_fields[] = {
    {"records", FieldType::integer, false, "in all", ""},
    {"keys", FieldType::objects, false, "how many are under each key", "", &count_shape},
    {"empty", FieldType::integer, false, "hold no token", ""},
    {"failed", FieldType::integer, false, "are under no key, or no token", ""},
    {"failures", FieldType::objects, false, "the first 10,000 of them", "", &failure_shape},
};
constexpr Shape stats_shape{"fernet stats", "", stats_fields};

constexpr unsigned max_jobs = 64;
constexpr std::size_t max_noticed = 100;

struct RotateOptions {
  FernetOptions common;
  FieldOptions fields;
  std::string from, out;
  bool resume = false, force = false;
};

token::RecordLayout layout_of(const FieldOptions& fields) {
  if (!fields.field.empty()) return {token::RecordForm::json_lines, fields.field};
  if (!fields.column.empty()) return {token::RecordForm::csv, fields.column};
  return {};
}

unsigned jobs_of(const FieldOptions& fields) {
  if (fields.jobs != 0) return std::min(fields.jobs, max_jobs);
  return std::min(std::max(1u, std::thread::hardware_concurrency()), max_jobs);
}

std::unique_ptr<base::ByteSource> source_of(Invocation& in, const std::string& file) {
  if (file.empty() || file == "-") return std::make_unique<base::StreamSource>(in.standard_input());
  return std::make_unique<base::FileSource>(file);
}

service::StreamHooks hooks_of(Invocation& in, std::string what) {
  service::StreamHooks hooks;
  hooks.write = [&in](std::string_view bytes) {
    in.standard_output().write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    if (!in.standard_output())
      throw Error(ErrorCode::io, "cannot write to standard output",
                  "authctl fernet rotate --out FILE --resume");
  };
  hooks.progress = [&in, what = std::move(what)](std::uint64_t done, std::uint64_t total) {
    in.progress(what, done, total);
  };
  hooks.interrupted = [&in] { return in.interrupted(); };
  return hooks;
}

array failures_json(const RecordTally& tally) {
  array rows;
  for (const auto& failure : tally.failures)
    rows.push_back(object{{"line", failure.line}, {"reason", failure.reason}});
  return rows;
}

Output& say_failures(Output& output, const RecordTally& tally) {
  for (std::size_t i = 0; i < tally.failures.size() && i < max_noticed; ++i) {
    output.with_notice("line " + std::to_string(tally.failures[i].line) + ": " + tally.failures[i].reason);
  }
  if (tally.failed > max_noticed) {
    output.with_notice("and " + std::to_string(tally.failed - max_noticed) + " more");
  }
  if (tally.failed != 0) output.with_exit(7);
  return output;
}

Output report(const RecordTally& tally, const std::string& out) {
  Output output;
  if (!out.empty()) {
    output = Output::one(rotation_shape, {{"records", tally.records()},
                                          {"rotated", tally.rotated},
                                          {"current", tally.current},
                                          {"empty", tally.empty},
                                          {"failed", tally.failed},
                                          {"failures", failures_json(tally)},
                                          {"output", out}});
  }
  say_failures(output, tally);
  return output.with_notice("rotated " + std::to_string(tally.rotated) + ", already current " +
                            std::to_string(tally.current) + ", empty " + std::to_string(tally.empty) +
                            ", failed " + std::to_string(tally.failed));
}

service::ReencryptionRequest request_of(Invocation& in, const RotateOptions& options) {
  if (options.resume && options.out.empty()) {
    throw Error(ErrorCode::usage, "--resume goes on with a file, and there is no --out", "add --out FILE");
  }
  if (options.force && !options.out.empty())
    in.confirm("replace " + base::quote(options.out) + " if it exists?");
  (void)now_of(in, options.common);  // refuses what is no time
  service::ReencryptionRequest request;
  request.layout = layout_of(options.fields);
  request.jobs = jobs_of(options.fields);
  request.output = options.out;
  request.replace = options.force;
  request.resume = options.resume;
  request.dry_run = in.dry_run() && !options.out.empty();
  return request;
}

Output rotate(Invocation& in, const RotateOptions& options) {
  const auto request = request_of(in, options);
  if (!options.common.key_file.empty() && !options.from.empty()) {
    throw Error(ErrorCode::usage, "--from names a key of the store, and --key-file uses none",
                "leave one of them out");
  }
  const auto keys = keys_of(in, options.common, options.from);
  const auto source = source_of(in, options.common.file);
  const auto hooks = hooks_of(in, "rotating");
  const auto tally = options.common.key_file.empty()
                         ? service::rotate_fernet(in.realm(), in.cause(), keys, *source, request, hooks)
                         : service::reencrypt(*source, keys.ring, in.random(), request, hooks);
  return report(tally, options.out);
}

}  // namespace

void add_field_options(CLI::App& verb, FieldOptions& options) {
  auto* field =
      verb.add_option("--field", options.field, "the tokens stand in this member of JSON objects, one a line")
          ->type_name("NAME");
  verb.add_option("--column", options.column, "the tokens stand in this column of a CSV file with a header")
      ->type_name("NAME")
      ->excludes(field);
  verb.add_option("--jobs", options.jobs, "threads; as many as there are processors where it is not given")
      ->type_name("N")
      ->check(CLI::Range(1u, max_jobs));
}

Output fernet_stats(Invocation& in, const FernetOptions& options, const FieldOptions& fields) {
  const auto keys = keys_of(in, options);
  const auto source = source_of(in, options.file);
  const auto tally =
      service::count_by_key(*source, keys.ring, layout_of(fields), jobs_of(fields), hooks_of(in, "counting"));
  array rows;
  for (std::size_t i = 0; i < keys.ring.size(); ++i) {
    rows.push_back(
        object{{"kid", keys.ring.kid(i)}, {"state", keys.states[i]}, {"records", tally.by_key[i]}});
  }
  Output output = Output::one(stats_shape, {{"records", tally.records()},
                                            {"keys", std::move(rows)},
                                            {"empty", tally.empty},
                                            {"failed", tally.failed},
                                            {"failures", failures_json(tally)}});
  say_failures(output, tally);
  return output;
}

void declare_fernet_rotate(Noun& noun) {
  auto options = std::make_shared<RotateOptions>();
  auto& verb = noun.verb(
      "rotate", "Bring the tokens of a stream under the active key", &rotation_shape,
      {.examples =
           {"authctl fernet rotate < old.txt > new.txt",
            "authctl fernet rotate --column secret --out new.csv old.csv",
            "authctl fernet rotate --column secret --out new.csv --resume old.csv",
            "authctl fernet rotate --from KID --reason \"incident 7\" --field token < a.jsonl > b.jsonl"},
       .exits = {{5, "the output exists, or an interrupted run is in the way"},
                 {7, "a record could not be rotated; it stayed as it was"},
                 {130, "interrupted; with --out, --resume goes on"}},
       .more = "Tokens come one a line, or in a member of JSON lines, or in a column of CSV; the rest of a "
               "record stays "
               "byte for byte, and each token keeps its time. With --out the result takes its place only "
               "when it is "
               "whole; until then it is FILE.partial, with FILE.journal beside it."},
      [options](Invocation& in) { return rotate(in, *options); });
  add_fernet_options(verb, options->common, "the records; - or nothing: standard input");
  verb.get_option("--now")->description("taken as everywhere; each token keeps the time it was made");
  add_field_options(verb, options->fields);
  verb.add_option("--from", options->from,
                  "also open what is under this key, which is revoked; needs --reason")
      ->type_name("KID");
  verb.add_option("--out", options->out, "a new file, mode 0600, instead of standard output")
      ->type_name("FILE");
  verb.add_flag("--resume", options->resume, "go on with --out where an interrupted run stopped");
  verb.add_flag("--force", options->force, "replace a file that exists; asks");
}

}  // namespace authctl::commands
