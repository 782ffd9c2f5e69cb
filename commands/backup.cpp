#include "commands/command.h"
#include "core/base/error.h"
#include "core/base/process.h"
#include "core/base/text.h"
#include "core/service/restore.h"

namespace authctl::commands {
namespace {

using base::Error;
using base::ErrorCode;

constexpr std::size_t max_note_bytes = 65536;
constexpr std::size_t short_passphrase = 15;

constexpr Field create_fields[] = {
    {"id", FieldType::text, false, "of the backup", ""},
    {"file", FieldType::text, false, "where it is", ""},
    {"created_at", FieldType::time, false, "whatever was committed before is in it", ""},
    {"store", FieldType::text, false, "id of the store", ""},
    {"schema", FieldType::integer, false, "of the store", ""},
    {"entries", FieldType::integer, false, "of the audit log up to there", ""},
    {"sealed_to", FieldType::text, false, "master key or passphrase", ""},
    {"rows", FieldType::integer, false, "in all tables", ""},
    {"bytes", FieldType::integer, true, "size of the file; null on a dry run", ""},
};
constexpr Shape create_shape{"backup", "id", create_fields};

constexpr Field verify_fields[] = {
    {"ok", FieldType::boolean, false, "whether it would restore", ""},
    {"file", FieldType::text, false, "the file", ""},
    {"id", FieldType::text, true, "of the backup", ""},
    {"created_at", FieldType::time, true, "when it was made", ""},
    {"store", FieldType::text, true, "id of its store", ""},
    {"schema", FieldType::integer, true, "of its store", ""},
    {"entries", FieldType::integer, true, "of its audit log", ""},
    {"sealed_to", FieldType::text, true, "master key or passphrase", ""},
    {"rows", FieldType::integer, false, "that were read", ""},
    {"entries_since", FieldType::integer, true, "in the store's log since then; below 0: it was rolled back",
     ""},
    {"newer_backups", FieldType::integer, true, "that the store knows of", ""},
    {"problems", FieldType::strings, false, "what is wrong, a sentence each", ""},
};
constexpr Shape verify_shape{"backup verify", "", verify_fields};

constexpr Field action_fields[] = {
    {"action", FieldType::text, false, "as the audit log names it", "action"},
    {"count", FieldType::integer, false, "how often", "count"},
};
constexpr Shape action_shape{"lost action", "", action_fields};
constexpr Field lost_fields[] = {
    {"from", FieldType::time, false, "last entry of the backup's log", ""},
    {"until", FieldType::time, false, "last entry of the store that was replaced, or now", ""},
    {"entries", FieldType::integer, true, "that are lost; null where nobody can tell", ""},
    {"actions", FieldType::objects, false, "what they were", "", &action_shape},
};
constexpr Shape lost_shape{"lost window", "", lost_fields};
constexpr Field key_fields[] = {
    {"use", FieldType::text, false, "jwt or fernet", "use"},
    {"kid", FieldType::text, false, "the key that signs from now on", "kid"},
    {"previous", FieldType::text, false, "the backup's, which only verifies", "previous"},
};
constexpr Shape key_shape{"restored key", "kid", key_fields};
constexpr Field restore_fields[] = {
    {"id", FieldType::text, false, "of the backup", ""},
    {"store", FieldType::text, false, "where it was restored to", ""},
    {"created_at", FieldType::time, false, "when the backup was made", ""},
    {"schema", FieldType::integer, false, "the store has now", ""},
    {"rows", FieldType::integer, false, "that were read", ""},
    {"replaced", FieldType::boolean, false, "whether a store went for it", ""},
    {"master_key_made", FieldType::boolean, false, "a new one, because there was none", ""},
    {"lost", FieldType::object, false, "what happened after the backup", "", &lost_shape},
    {"tokens_ended", FieldType::integer, false, "that were still alive", ""},
    {"sessions_ended", FieldType::integer, false, "that were still alive", ""},
    {"codes_ended", FieldType::integer, false, "one-time codes that were not used yet", ""},
    {"keys", FieldType::objects, false, "new ones; none with --keep-keys", "", &key_shape},
};
constexpr Shape restore_shape{"backup restore", "id", restore_fields};

struct BackupOptions {
  std::string file, checkpoint;
  SecretSource passphrase;
  bool force = false, keep_keys = false;
};

service::BackupProgress progress_of(Invocation& in, const char* what) {
  return [&in, what](std::uint64_t done, std::uint64_t total) {
    if (in.interrupted()) throw Error(ErrorCode::interrupted, "interrupted");
    in.progress(what, done, total);
  };
}

service::BackupKey key_of(Invocation& in, const BackupOptions& options) {
  return {service::master_key_source(in.settings()),
          [&in, &options] { return in.read_secret(options.passphrase, "passphrase", false); }};
}

// A backup stands under its name when it is whole, and a pipe has no such moment.
void refuse_stream(const BackupOptions& options) {
  if (options.file == "-")
    throw Error(ErrorCode::usage, "a backup is a file, and - is none",
                "authctl backup create nightly.backup");
}

void add_file(CLI::App& verb, BackupOptions& options, const std::string& what) {
  refuse_empty(verb.add_option("FILE", options.file, what)->required());
}

Output create(Invocation& in, const BackupOptions& options) {
  refuse_stream(options);
  if (options.force) in.confirm("replace " + base::quote(options.file) + " if it exists?");
  service::BackupRequest request{options.file, options.force, {}, progress_of(in, "rows")};
  std::optional<std::string> warning;
  base::stand_back();
  if (options.passphrase.given()) {
    request.passphrase = in.read_secret(options.passphrase, "passphrase", true);
    if (request.passphrase->empty())
      throw Error(ErrorCode::invalid, "the passphrase is empty",
                  "put one into the file, or leave the option out");
    if (base::count_code_points(request.passphrase->reveal_text()) < short_passphrase)
      warning = "warning: the passphrase is short, and whoever has the file may guess for years";
  }
  Output output = Output::one(create_shape,
                              service::backup_json(service::create_backup(in.realm(), in.cause(), request)));
  if (warning) output.with_notice(*warning);
  return output;
}

Output verify(Invocation& in, const BackupOptions& options) {
  service::VerifyBackupRequest request{
      options.file, key_of(in, options), in.settings().text("store"), {}, progress_of(in, "bytes")};
  if (!options.checkpoint.empty()) request.checkpoint = in.read_input(options.checkpoint, max_note_bytes);
  base::stand_back();
  const auto result = service::verify_backup(request, in.cause(), in.clock(), in.random());
  Output output = Output::one(verify_shape, service::backup_json(result));
  for (const auto& notice : result.notices) output.with_notice(notice);
  return output.with_exit(result.problems.empty() ? 0 : 7);
}

std::string lost_text(const service::RestoreReport& report) {
  const auto& lost = report.lost;
  std::string text =
      "lost: what happened from " + base::to_rfc3339(lost.from) + " to " + base::to_rfc3339(lost.until);
  if (lost.entries)
    text += ", " + std::to_string(*lost.entries) + (*lost.entries == 1 ? " audit entry" : " audit entries");
  std::string separator = ": ";
  for (const auto& action : lost.actions) {
    text += separator + action.action + " " + std::to_string(action.count);
    separator = ", ";
  }
  return text;
}

Output restore(Invocation& in, const BackupOptions& options) {
  const std::string place = store::printable_url(in.settings().text("store"));
  in.confirm("restore " + base::quote(options.file) + " into " + base::quote(place) +
             (options.force ? ", over what is there" : "") + "; every session, token and code ends?");
  service::RestoreRequest request{
      options.file,  in.settings().text("store"), key_of(in, options), options.force, options.keep_keys,
      in.settings(), progress_of(in, "bytes")};
  const auto report = service::restore_backup(request, in.cause(), in.clock(), in.random());
  Output output = Output::one(restore_shape, service::restore_json(report));
  output.with_notice(lost_text(report));
  if (report.master_key_made) output.with_notice("a new master key was made: keep a copy of it elsewhere");
  for (const auto& notice : report.notices) output.with_notice(notice);
  return output;
}

void declare_create(Noun& noun) {
  auto options = std::make_shared<BackupOptions>();
  auto& verb = noun.verb(
      "create", "Write the whole store, sealed, to a new file while it is in use", &create_shape,
      {.examples = {"authctl backup create nightly.backup",
                    "authctl backup create vault.backup --passphrase-file passphrase"},
       .exits = {{5, "the file exists"}, {8, "the store cannot be used"}},
       .more = "Sealed to the master key, a backup is worth nothing without it: keep a copy of the key apart "
               "from "
               "both. Sealed to a passphrase, it needs nothing else, also where the master key is lost."},
      [options](Invocation& in) { return create(in, *options); });
  add_file(verb, *options, "where to write it");
  add_secret_options(verb, options->passphrase, "passphrase");
  verb.add_flag("--force", options->force, "also over a file that exists; asks");
}

void declare_verify(Noun& noun) {
  auto options = std::make_shared<BackupOptions>();
  auto& verb = noun.verb(
      "verify", "Restore a backup into a scratch store and check all of it", &verify_shape,
      {.examples = {"authctl backup verify nightly.backup",
                    "authctl backup verify nightly.backup --checkpoint kept.note --json"},
       .exits = {{3, "no such file"},
                 {7, "it is cut, altered, or sealed with another key"},
                 {8, "it needs a newer authctl, or the master key is missing"}},
       .more = "Rows are counted and summed, every sealed value is opened, the audit log is verified. With a "
               "checkpoint that was kept elsewhere, a backup that is older than it is refused."},
      [options](Invocation& in) { return verify(in, *options); });
  add_file(verb, *options, "the backup");
  verb.add_option("--checkpoint", options->checkpoint, "a signed tree head that was kept elsewhere")
      ->type_name("FILE");
  add_secret_options(verb, options->passphrase, "passphrase");
}

void declare_restore(Noun& noun) {
  auto options = std::make_shared<BackupOptions>();
  auto& verb =
      noun.verb("restore", "Bring a backup back; every session, token and code ends", &restore_shape,
                {.examples = {"authctl backup restore nightly.backup --yes",
                              "authctl backup restore nightly.backup --force --yes --reason \"disk lost\""},
                 .exits = {{3, "no such file"},
                           {5, "there is a store already"},
                           {7, "the backup is not whole, or sealed with another key"},
                           {8, "it needs a newer authctl, or the target cannot be used"}},
                 .more = "Afterwards sessions, refresh families, unused codes and earlier tokens are dead, "
                         "revoked keys stay "
                         "revoked, the other keys only verify and new ones sign. It is all there, or what "
                         "was there before is."},
                [options](Invocation& in) { return restore(in, *options); });
  add_file(verb, *options, "the backup");
  add_secret_options(verb, options->passphrase, "passphrase");
  verb.add_flag("--force", options->force, "also over a store that is there");
  verb.add_flag("--keep-keys", options->keep_keys, "let its active keys go on signing");
}

}  // namespace

void declare_backup(Noun& noun) {
  declare_create(noun);
  declare_verify(noun);
  declare_restore(noun);
}

}  // namespace authctl::commands
