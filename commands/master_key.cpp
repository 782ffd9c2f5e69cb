#include "commands/command.h"
#include "core/base/error.h"
#include "core/base/text.h"
#include "core/service/master_key_rotation.h"

namespace authctl::commands {
namespace {

constexpr Field rotate_fields[] = {
    {"master_key_file", FieldType::text, false, "where the new master key lies", ""},
    {"master_key_made", FieldType::boolean, false, "whether that file was made now", ""},
    {"changed", FieldType::boolean, false, "whether the store was changed", ""},
    {"resealed", FieldType::integer, true,
     "values that were sealed anew; null where no new data key was asked for", ""},
    {"old_key_opens", FieldType::boolean, false,
     "whether the master key that was used opens the store until the new one has", ""},
};
constexpr Shape rotate_shape{"master-key rotate", "master_key_file", rotate_fields};

constexpr Field column_fields[] = {
    {"column", FieldType::text, false, "table and column", "column"},
    {"values", FieldType::integer, false, "sealed values in it", "values"},
    {"unreadable", FieldType::integer, false, "those that do not open", "unreadable"},
};
constexpr Shape column_shape{"column", "column", column_fields};

constexpr Field verify_fields[] = {
    {"ok", FieldType::boolean, false, "whether every value opens", ""},
    {"values", FieldType::integer, false, "how many there are", ""},
    {"columns", FieldType::objects, false, "where they are", "", &column_shape},
    {"problems", FieldType::strings, false, "what does not open: table, column and row", ""},
};
constexpr Shape verify_shape{"master-key verify", "", verify_fields};

struct Options {
  std::string new_file;
  bool reseal = false;
};

Output rotate(Invocation& in, const Options& options) {
  if (options.new_file.empty() || options.new_file == "-")
    throw base::Error(base::ErrorCode::usage, "--new-master-key-file names a file",
                      "a file that is not there yet gets a new key");
  service::MasterKeyRotation request;
  request.current = service::master_key_source(in.settings());
  request.new_file = options.new_file;
  request.reseal = options.reseal;
  request.progress = [&in](std::int64_t done, std::int64_t total) {
    if (in.interrupted())
      throw base::Error(base::ErrorCode::interrupted, "interrupted",
                        "nothing is lost; run the same command again to go on");
    in.progress("sealed values", static_cast<std::uint64_t>(done), static_cast<std::uint64_t>(total));
  };
  auto& realm = in.realm();
  in.confirm("replace the master key of the store by the one in " + base::quote(options.new_file) + "?");
  const auto report = service::rotate_master_key(realm, in.cause(), request);
  Output output = Output::one(rotate_shape, service::master_key_json(report));
  if (!report.changed) output.with_notice("the store knows this key already; nothing was changed");
  if (report.old_key_opens)
    output.with_notice(
        "put the new key where the old one is and keep a copy of it elsewhere: once a command has "
        "opened the store with it, the old one opens nothing");
  return output;
}

Output verify(Invocation& in) {
  auto& realm = in.realm();
  const auto checks = service::check_sealed_values(realm.db(), realm.sealer());
  auto json = service::sealed_values_json(checks);
  const bool ok = json.at("ok").as_bool();
  return Output::one(verify_shape, std::move(json)).with_exit(ok ? 0 : 7);
}

}  // namespace

void declare_master_key(Noun& noun) {
  auto options = std::make_shared<Options>();
  auto& verb = noun.verb(
      "rotate", "Replace the master key, crash-safe; the old one opens until the new one has", &rotate_shape,
      {.examples = {"authctl master-key rotate --new-master-key-file /etc/authctl/master.key.new",
                    "authctl master-key rotate --new-master-key-file new.key --reseal --yes"},
       .exits = {{5, "that key is the master key of the store already"},
                 {7, "the master key is not the store's, or a sealed value opens under no key"},
                 {8, "the store or a master key cannot be read"}},
       .more =
           "The file is made where it does not exist; a key that is there (32 bytes in base64url) is taken "
           "as "
           "it is. The store then holds its data key wrapped by both. Move the new file into the place of "
           "the "
           "old one, or point --master-key-file, a credential or AUTHCTL_MASTER_KEY_COMMAND at it: the first "
           "command that opens the store with it ends the old one. Who may have had the data key itself (a "
           "copy of the store together with the old master key) is shut out by --reseal alone. Interrupted, "
           "the same command goes on where it was."},
      [options](Invocation& in) { return rotate(in, *options); });
  verb.add_option("--new-master-key-file", options->new_file,
                  "the new master key; made where it does not exist")
      ->required()
      ->type_name("FILE");
  verb.add_flag("--reseal", options->reseal, "make a new data key too, and seal everything anew under it");
  noun.verb("verify", "Open every sealed value of the store", &verify_shape,
            {.examples = {"authctl master-key verify", "authctl master-key verify --json"},
             .exits = {{7, "something does not open, or the master key is not the store's"},
                       {8, "the store or the master key cannot be read"}}},
            verify);
}

}  // namespace authctl::commands
