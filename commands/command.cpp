#include "commands/command.h"

namespace authctl::commands {

CLI::App& Noun::verb(const std::string& name, const std::string& summary, const Shape* shape, Help help, Run run) {
  CLI::App* verb = app_.add_subcommand(name, summary);
  verb->fallthrough();
  verbs_.push_back({name, std::move(help), std::move(run), verb, shape});
  return *verb;
}

void add_secret_options(CLI::App& verb, SecretSource& source, const std::string& what) {
  auto* in = verb.add_flag("--" + what + "-stdin", source.from_stdin, "read the " + what + " from standard input");
  verb.add_option("--" + what + "-file", source.file, "read the " + what + " from a file (- or /dev/fd/N too)")
      ->type_name("FILE")
      ->excludes(in);
}

}  // namespace authctl::commands
