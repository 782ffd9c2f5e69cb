#include "commands/command.h"
#include "core/service/initialisation.h"

namespace authctl::commands {
namespace {

constexpr Field fields[] = {
    {"store", FieldType::text, false, "where it is", ""},
    {"created", FieldType::boolean, false, "false: it was whole already and nothing was changed", ""},
    {"master_key_file", FieldType::text, true, "where the master key lies; null where a command gives it",
     ""},
    {"master_key_made", FieldType::boolean, false, "whether that file was made now", ""},
    {"admin", FieldType::text, true, "the user who holds admin:all; null where none was asked for", ""},
    {"keys", FieldType::strings, false, "kid of each key that was made", ""},
};
constexpr Shape shape{"init", "", fields};  // a store has no id

Output run(Invocation& in, service::InitRequest request) {
  request.store_url = in.settings().text("store");
  request.master_key = service::master_key_source(in.settings());
  const auto report = service::initialise(request, in.cause(), in.clock(), in.random());
  Output output = Output::one(shape, service::init_json(report));
  if (!report.created) output.with_notice("the store is there already; nothing was changed");
  if (!report.created && request.encrypt_identifiers && report.identifiers_clear)
    output.with_notice("its identifiers are not sealed: authctl store encrypt-identifiers");
  if (report.created && report.admin && !in.dry_run()) {
    output.with_notice("user \"" + *report.admin + "\" has no password yet: authctl user password " +
                       *report.admin);
  }
  if (report.master_key_made && !in.dry_run())
    output.with_notice("keep a copy of the master key elsewhere: without it nothing here opens");
  return output;
}

}  // namespace

void declare_init(Noun& noun) {
  auto request = std::make_shared<service::InitRequest>();
  auto& verb = noun.alone(&shape,
                          {.examples = {"authctl init --with-admin ann",
                                        "authctl --store sqlite:./try.db --master-key-file ./try.key init"},
                           .exits = {{7, "the master key is not the one of the store that is there"},
                                     {8, "the store cannot be used, or its master key cannot be read"}}},
                          [request](Invocation& in) { return run(in, *request); });
  verb.add_flag("--encrypt-identifiers", request->encrypt_identifiers,
                "seal e-mail addresses, names by which users are found, permissions and descriptions");
  verb.add_option("--with-admin", request->admin, "a user who holds admin:all")->type_name("NAME");
}

}  // namespace authctl::commands
