#include "cli/run.h"

#include <cerrno>
#include <cstring>
#include <new>

#include "cli/globals.h"
#include "cli/help.h"
#include "cli/invocation.h"
#include "cli/json_text.h"
#include "cli/present.h"
#include "cli/usage.h"
#include "commands/command.h"
#include "core/base/error.h"
#include "core/base/text.h"

namespace authctl::cli {
namespace {

using base::Error;
using base::ErrorCode;
using commands::Noun;
using commands::NounEntry;

// The part of the tree that a line needs: the globals and the one noun it names.
struct Tree {
  CLI::App root{"", "authctl"};
  commands::Globals globals;
  const NounEntry* entry = nullptr;
  CLI::App* noun_app = nullptr;
  std::unique_ptr<Noun> noun;

  Tree() {
    root.set_help_flag();
    root.require_subcommand(0, 1);
    declare_globals(root, globals);
  }

  void declare(const NounEntry& which) {
    entry = &which;
    noun_app = root.add_subcommand(which.name, which.summary);
    noun_app->fallthrough();
    noun_app->require_subcommand(0, 1);
    noun = std::make_unique<Noun>(*noun_app);
    which.declare(*noun);
    commands::settle(*noun_app);
  }

  const Noun::Verb* find(const std::string& verb) const {
    for (const auto& candidate : noun->verbs()) {
      if (candidate.name == verb) return &candidate;
    }
    return nullptr;
  }
};

const NounEntry* find_noun(const std::string& name) {
  for (const auto& entry : commands::nouns()) {
    if (name == entry.name) return &entry;
  }
  return nullptr;
}

// CLI11 takes the next word as the value of `--email=`; here it is an empty value.
std::vector<std::string> in_reverse(std::span<const std::string> arguments) {
  std::vector<std::string> words;
  bool only_words = false;
  for (const auto& word : arguments) {
    only_words = only_words || word == "--";
    if (!only_words && word.starts_with("--") && word.find('=') == word.size() - 1) {
      words.push_back(word.substr(0, word.size() - 1));
      words.emplace_back();
    } else {
      words.push_back(word);
    }
  }
  return {words.rbegin(), words.rend()};
}

bool colour_wanted(const base::Settings& settings, const World& world) {
  const auto& color = settings.get("color");
  const auto variable_is_set = [&](const char* name) {
    return !world.environment(name).value_or("").empty();
  };
  if (color.value == "always") return true;
  if (color.value == "never") return false;
  if (color.origin != base::Origin::flag) {
    if (variable_is_set("NO_COLOR")) return false;
    if (variable_is_set("CLICOLOR_FORCE") && world.environment("CLICOLOR_FORCE") != "0") return true;
  }
  return world.console.out_is_terminal;
}

base::Settings load_settings(const commands::Globals& globals, const World& world) {
  const auto named =
      !globals.config.empty() ? globals.config : world.environment("AUTHCTL_CONFIG").value_or("");
  const auto environment = [&](const std::string& name) -> std::optional<std::string> {
    const bool overridden = !globals.store.empty() && name.starts_with("AUTHCTL_STORE");
    return overridden ? std::nullopt : world.environment(name);
  };
  auto settings = base::Settings::load(
      environment, named.empty() ? base::default_config_file(world.environment) : named, !named.empty());
  apply_globals(globals, settings);
  return settings;
}

void check_written(const Console& console) {
  console.out.flush();
  if (console.out.good()) return;
  const int code = console.out_error ? console.out_error() : 0;
  if (code == EPIPE) return;  // the reader has seen enough
  throw Error(ErrorCode::io,
              "cannot write to standard output" + (code == 0 ? "" : ": " + std::string(std::strerror(code))));
}

class Runner {
 public:
  Runner(std::span<const std::string> arguments, World& world)
      : arguments_(arguments),
        world_(world),
        glance_(glance_at(arguments, world.environment)),
        format_(glance_.error_format) {}

  Format format() const { return format_; }

  int run() {
    if (glance_.version) return version();
    if (glance_.noun.empty() && !glance_.unknown_option.empty()) {
      Tree tree;
      throw unknown_option(tree.root, tree.root, glance_.unknown_option);
    }
    if (glance_.noun.empty()) {
      print_overview(world_.console.out);
      check_written(world_.console);
      return 0;
    }
    const NounEntry* entry = find_noun(glance_.noun);
    if (entry == nullptr) throw unknown_noun(glance_.noun);
    Tree tree;
    tree.declare(*entry);
    if (!glance_.unknown_option.empty()) throw unknown_option(tree.root, tree.root, glance_.unknown_option);
    return glance_.help || is_bare(tree) ? help(tree) : execute(tree);
  }

 private:
  int version() {
    world_.console.out << "authctl " << commands::version() << '\n';
    check_written(world_.console);
    return 0;
  }

  bool is_bare(const Tree& tree) const {
    return glance_.verb.empty() && tree.find("") == nullptr && arguments_.size() == 1;
  }

  int help(const Tree& tree) {
    const auto* verb = tree.find(glance_.verb);
    if (verb == nullptr && !glance_.verb.empty() && tree.find("") == nullptr)
      throw unknown_verb(*tree.noun_app, glance_.verb);
    if (verb != nullptr && !verb->name.empty()) {
      print_verb(world_.console.out, *tree.entry, *verb);
    } else {
      print_noun(world_.console.out, *tree.entry, *tree.noun);
    }
    check_written(world_.console);
    return 0;
  }

  const Noun::Verb& parse(Tree& tree) {
    const Noun::Verb* verb = tree.find(glance_.verb);
    if (verb == nullptr) verb = tree.find("");
    const CLI::App& command = verb == nullptr ? *tree.noun_app : *verb->app;
    try {
      auto words = in_reverse(arguments_);
      tree.root.parse(words);
    } catch (const CLI::ParseError& refusal) {
      if (verb == nullptr && !glance_.verb.empty()) throw unknown_verb(*tree.noun_app, glance_.verb);
      throw usage_error(tree.root, command, refusal);
    }
    for (const auto& candidate : tree.noun->verbs()) {
      if (!candidate.name.empty() && candidate.app->parsed()) return candidate;
    }
    if (const auto* alone = tree.find("")) return *alone;
    throw Error(ErrorCode::usage, path_of(*tree.noun_app) + " needs a verb",
                "authctl help " + path_of(*tree.noun_app));
  }

  int execute(Tree& tree) {
    const auto& verb = parse(tree);
    auto settings = load_settings(tree.globals, world_);
    format_ = format_of(settings.text("output"));
    Style style{format_, tree.globals.quiet, colour_wanted(settings, world_), world_.strict_shapes};
    LiveInvocation invocation(tree.globals, std::move(settings), world_);
    auto output = verb.run(invocation);
    present(output, world_.console, style);
    check_written(world_.console);
    return output.exit_status;
  }

  std::span<const std::string> arguments_;
  World& world_;
  Glance glance_;
  Format format_;
};

int report(const Error& error, Format format, const Console& console) {
  const auto& kind = base::kind_of(error.code());
  auto& err = console.err;
  if (format == Format::table) {
    err << "authctl: " << base::printable(error.message()) << '\n';
    if (!error.hint().empty()) err << "hint: " << base::printable(error.hint()) << '\n';
  } else {
    base::json::object body{{"code", kind.word}, {"message", error.message()}, {"hint", nullptr}};
    if (!error.hint().empty()) body["hint"] = error.hint();
    write_json(err, base::json::object{{"error", std::move(body)}});
    err << '\n';
  }
  err.flush();
  return kind.exit_status;
}

}  // namespace

int run(std::span<const std::string> arguments, World& world) {
  Format format = Format::table;
  try {
    Runner runner(arguments, world);
    format = runner.format();
    try {
      return runner.run();
    } catch (...) {
      format = runner.format();
      world.console.out.flush();
      throw;
    }
  } catch (const Error& error) {
    return report(error, format, world.console);
  } catch (const std::bad_alloc&) {
    return report(Error(ErrorCode::internal, "out of memory"), format, world.console);
  } catch (const std::exception& error) {
    return report(Error(ErrorCode::internal, std::string("unexpected: ") + error.what()), format,
                  world.console);
  }
}

}  // namespace authctl::cli
