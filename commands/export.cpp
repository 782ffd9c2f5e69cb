#include "commands/command.h"
#include "core/base/error.h"
#include "core/base/text.h"
#include "core/service/provisioning.h"

namespace authctl::commands {
namespace {

constexpr Field manifest_fields[] = {
    {"version", FieldType::integer, false, "1", ""},
    {"roles", FieldType::objects, false, "see authctl schema manifest", ""},
    {"users", FieldType::objects, false, "see authctl schema manifest", ""},
    {"clients", FieldType::objects, false, "see authctl schema manifest", ""},
    {"keys", FieldType::object, false, "policies, by use", ""},
    {"settings", FieldType::object, false, "by name", ""},
};
constexpr Shape manifest_shape{"manifest", "", manifest_fields};

constexpr Field adopted_fields[] = {
    {"kind", FieldType::text, false, "role, user, client, key or setting", ""},
    {"name", FieldType::text, false, "of the thing", ""},
    {"id", FieldType::text, false, "of the thing", ""},
    {"adopted", FieldType::boolean, false, "false where it was the manifest's already", ""},
};
constexpr Shape adopted_shape{"adopt", "id", adopted_fields};

Output print(Invocation& in, const service::ExportRules& rules) {
  const auto manifest = service::export_manifest(in.realm(), rules);
  std::size_t passwords = 0;
  for (const auto& thing : manifest.things) passwords += thing.password ? 1 : 0;
  auto output =
      Output::bytes(service::manifest_yaml(manifest), manifest_shape, service::manifest_json(manifest));
  if (passwords > 0)
    output.with_notice("the manifest holds the hashes of " + std::to_string(passwords) +
                       (passwords == 1 ? " password" : " passwords") +
                       ": --without-passwords leaves them out");
  return output;
}

service::ThingKind kind_from(const std::string& word) {
  std::vector<std::string> words;
  for (const auto kind : service::all_thing_kinds) {
    if (word == service::word_of(kind)) return kind;
    words.emplace_back(service::word_of(kind));
  }
  const auto near = base::nearest(word, words);
  throw base::Error(base::ErrorCode::usage, "a manifest has no " + base::quote(word),
                    near ? "did you mean " + *near + "?" : "role, user, client, key or setting");
}

Output adopt(Invocation& in, const std::string& word, const std::string& name) {
  const auto kind = kind_from(word);
  const auto adoption = service::adopt_thing(in.realm(), in.cause(), kind, name);
  auto output = Output::one(
      adopted_shape,
      {{"kind", word}, {"name", adoption.name}, {"id", adoption.id}, {"adopted", adoption.is_new}});
  if (!adoption.is_new)
    output.with_notice(word + " " + base::quote(adoption.name) + " is the manifest's already");
  return output;
}

}  // namespace

void declare_export(Noun& noun) {
  auto rules = std::make_shared<service::ExportRules>();
  auto without = std::make_shared<bool>(false);
  auto& app =
      noun.alone(&manifest_shape,
                 {.examples = {"authctl export > authctl.yaml", "authctl export --without-passwords --json"},
                  .exits = {{8, "the store cannot be read"}},
                  .more = "Prints the manifest from which `apply` makes an empty store the same, ids apart: "
                          "YAML, or with -o "
                          "json JSON. Client secrets, keys, second factors, sessions and the log are in no "
                          "manifest: those are "
                          "for `backup`."},
                 [rules, without](Invocation& in) {
                   rules->with_passwords = !*without;
                   return print(in, *rules);
                 });
  app.add_flag("--without-passwords", *without, "leave the hashes of passwords out");
}

void declare_adopt(Noun& noun) {
  struct Request {
    std::string kind, name;
  };
  auto request = std::make_shared<Request>();
  auto& app =
      noun.alone(&adopted_shape,
                 {.examples = {"authctl adopt role editor", "authctl adopt user ann --json"},
                  .exits = {{3, "there is no such thing"}},
                  .more = "What was made by hand is changed by an apply that names it, but never deleted. "
                          "Adopted, it is as if an apply had made it: `apply --prune` deletes it once no "
                          "manifest names it."},
                 [request](Invocation& in) { return adopt(in, request->kind, request->name); });
  offer(app.add_option("KIND", request->kind, "role, user, client, key or setting")->required(),
        {"role", "user", "client", "key", "setting"});
  app.add_option("NAME", request->name, "of the thing")->required();
}

}  // namespace authctl::commands
