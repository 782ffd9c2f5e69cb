#include "core/base/config.h"

#include "commands/command.h"
#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/json_or_null.h"
#include "core/base/text.h"
#include "core/base/url.h"
#include "core/service/policies.h"
#include "core/service/stored_settings.h"

namespace authctl::commands {
namespace {

constexpr Field setting_fields[] = {
    {"name", FieldType::text, false, "of the setting, as in the file", "name"},
    {"value", FieldType::text, true, "what holds now; null where nothing is set", "value"},
    {"origin", FieldType::text, true, "flag, environment, file, manifest or default; null without --origin",
     ""},
    {"where", FieldType::text, true, "the option, the variable, the file and line; null without --origin",
     ""},
};
constexpr Shape setting_shape{"setting", "name", setting_fields};

constexpr Field origin_fields[] = {
    {"name", FieldType::text, false, "of the setting, as in the file", "name"},
    {"value", FieldType::text, true, "what holds now; null where nothing is set", "value"},
    {"origin", FieldType::text, true, "flag, environment, file, manifest or default", "origin"},
    {"where", FieldType::text, true, "the option, the variable, or the file and its line", "where"},
};
constexpr Shape origin_shape{"setting", "name", origin_fields};

constexpr Field check_fields[] = {
    {"file", FieldType::text, true, "that was read; null where there is none", ""},
    {"ok", FieldType::boolean, false, "whether every line of it is good", ""},
};
constexpr Shape check_shape{"config check", "file", check_fields};

base::json::object setting_json(const base::SettingSpec& spec, const base::Setting& setting,
                                bool with_origin) {
  const std::string shown = spec.secret ? base::without_password(setting.value) : setting.value;
  base::json::object data{
      {"name", spec.name}, {"value", base::filled_or_null(shown)}, {"origin", nullptr}, {"where", nullptr}};
  if (with_origin) {
    data["origin"] = base::word_of(setting.origin);
    data["where"] = base::filled_or_null(setting.where);
  }
  return data;
}

// With those that a manifest put into the store, where there is one that can be read.
base::Settings settings_of(Invocation& in) {
  auto settings = in.settings();
  try {
    const auto& url = settings.text("store");
    if (store::store_exists(url))
      service::take_stored_settings(settings, *store::open_database(url, store::OpenMode::read_only));
  } catch (const base::Error&) {  // what is wrong with a store is for `store check` to say
  }
  return settings;
}

Output show(Invocation& in, bool with_origin) {
  const auto settings = settings_of(in);
  base::json::array rows;
  for (const auto& spec : base::setting_specs()) {
    rows.push_back(setting_json(spec, settings.get(spec.name), with_origin));
  }
  return Output::many(with_origin ? origin_shape : setting_shape, std::move(rows));
}

Output check(Invocation& in, std::string file) {
  const auto environment = [&](const std::string& name) { return in.environment(name); };
  if (file.empty()) file = in.globals().config;
  if (file.empty()) file = in.environment("AUTHCTL_CONFIG").value_or("");
  const bool named = !file.empty();
  if (!named) file = base::default_config_file(environment);
  if (!named && base::mode_of(file) < 0) {
    return Output::one(check_shape, {{"file", nullptr}, {"ok", true}})
        .with_notice("there is no file of settings");
  }
  const auto problems = base::check_settings_file(file);
  if (problems.empty()) {
    // Each value suits its type; together they have to be a policy that commands and the server would take.
    const auto nothing = [](const std::string&) { return std::optional<std::string>(); };
    service::check_policies(base::Settings::load(nothing, file, true));
    return Output::one(check_shape, {{"file", file}, {"ok", true}});
  }
  std::string message = base::quote(file);
  for (std::size_t i = 0; i < problems.size(); ++i) {
    message +=
        (i == 0 ? " line " : "; line ") + std::to_string(problems[i].line) + ": " + problems[i].message;
  }
  throw base::Error(base::ErrorCode::invalid, message, problems.front().hint);
}

}  // namespace

void declare_config(Noun& noun) {
  auto with_origin = std::make_shared<bool>(false);
  auto& show_verb = noun.verb(
      "show", "Show the settings that hold", &origin_shape,
      {.examples = {"authctl config show --origin", "authctl config show -o json"}, .opens_store = false},
      [with_origin](Invocation& in) { return show(in, *with_origin); });
  show_verb.add_flag("--origin", *with_origin, "say where each value comes from");

  auto file = std::make_shared<std::string>();
  auto& check_verb =
      noun.verb("check", "Check a file of settings", &check_shape,
                {.examples = {"authctl config check", "authctl config check /etc/authctl/authctl.toml"},
                 .exits = {{2, "the file has mistakes"}, {3, "there is no such file"}},
                 .opens_store = false},
                [file](Invocation& in) { return check(in, *file); });
  check_verb.add_option("FILE", *file, "TOML; the one that commands would read where it is not named");
}

}  // namespace authctl::commands
