#include "commands/command.h"

namespace authctl::commands {

CLI::App& Noun::verb(const std::string& name, const std::string& summary, const Shape* shape, Help help,
                     Run run) {
  CLI::App* verb = app_.add_subcommand(name, summary);
  verb->fallthrough();
  verbs_.push_back({name, std::move(help), std::move(run), verb, shape});
  return *verb;
}

CLI::App& Noun::alone(const Shape* shape, Help help, Run run) {
  verbs_.push_back({"", std::move(help), std::move(run), &app_, shape});
  return app_;
}

void settle(CLI::App& noun) {
  std::vector<CLI::App*> apps = noun.get_subcommands(nullptr);
  apps.push_back(&noun);
  for (auto* app : apps) {
    app->set_help_flag();
    app->fallthrough();
    for (auto* option : app->get_options()) {
      // Else `--role editor bob` would take bob for a second role.
      if (!option->get_positional()) option->allow_extra_args(false);
    }
  }
}

CLI::Option* refuse_empty(CLI::Option* option) {
  return option->check(CLI::Validator(
      [](const std::string& value) {
        return std::string(value.empty() ? "is empty; leave it out or give a value" : "");
      },
      "", "not empty"));
}

CLI::Option* offer(CLI::Option* option, std::initializer_list<std::string_view> words) {
  std::string list;
  for (const auto word : words) list += (list.empty() ? "{" : ",") + std::string(word);
  return option->check(CLI::Validator([](const std::string&) { return std::string(); }, list + "}", "words"));
}

void add_secret_options(CLI::App& verb, SecretSource& source, const std::string& what) {
  auto* in =
      verb.add_flag("--" + what + "-stdin", source.from_stdin, "read the " + what + " from standard input");
  refuse_empty(verb.add_option("--" + what + "-file", source.file,
                               "read the " + what + " from a file (- or /dev/fd/N too)")
                   ->type_name("FILE")
                   ->excludes(in));
}

}  // namespace authctl::commands
