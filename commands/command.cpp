#include "commands/command.h"

#include <algorithm>
#include <array>

namespace authctl::commands {

std::string mark_word(const std::string& word) {
  return !word.empty() && (word[0] == '-' || word[0] == word_mark) ? word_mark + word : word;
}

std::string unmark_word(std::string& word) {
  if (!word.empty() && word[0] == word_mark) word.erase(0, 1);
  return {};
}

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

namespace {
// Where an empty value takes away what is there, or says as much as leaving the option out.
bool may_be_empty(const CLI::Option& option) {
  constexpr std::array<std::string_view, 3> names{"description", "email", "reason"};
  return std::ranges::any_of(names,
                             [&](std::string_view name) { return option.check_lname(std::string(name)); });
}
}  // namespace

void settle(CLI::App& noun) {
  std::vector<CLI::App*> apps = noun.get_subcommands(nullptr);
  apps.push_back(&noun);
  for (auto* app : apps) {
    app->set_help_flag();
    app->fallthrough();
    for (auto* option : app->get_options()) {
      for (const char* number : {"INT", "UINT", "FLOAT"})  // CLI11's words for a number
        if (option->get_type_name() == number) option->type_name("N");
      if (option->get_positional()) {
        option->transform(CLI::Validator(unmark_word, "", "a word"));
        continue;
      }
      // Else `--role editor bob` would take bob for a second role. What is named CIDR… says that it takes
      // several.
      option->allow_extra_args(option->get_type_name().ends_with("…"));
      // `--role "$ROLE"` with the variable unset must not mean every role.
      if (option->get_items_expected_max() > 0 && !may_be_empty(*option)) refuse_empty(option);
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
  verb.add_option("--" + what + "-file", source.file,
                  "read the " + what + " from a file (- or /dev/fd/N too)")
      ->type_name("FILE")
      ->excludes(in);
}

}  // namespace authctl::commands
