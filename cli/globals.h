// The options of every command, as one table, and what can be told from a command line before anything is
// declared: the noun and verb it names, and how its errors are to be printed.
#pragma once
#include <CLI/CLI.hpp>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cli/present.h"
#include "commands/command.h"
#include "core/base/config.h"

namespace authctl::cli {

struct GlobalOption {
  std::string_view name;      // --output
  std::string_view letter;    // -o; empty: none
  std::string_view value;     // URL; empty: a flag
  std::string_view variable;  // of the environment; empty: none
  std::string_view about;
  std::string commands::Globals::*text = nullptr;
  bool commands::Globals::*flag = nullptr;
  std::string_view setting = {};  // the setting (core/base/config.h) that it overrides
};

std::span<const GlobalOption> global_options();
void declare_globals(CLI::App& root, commands::Globals& globals);

// A command line at a glance.
struct Glance {
  bool has_noun = false;
  std::string noun, verb;  // the first two words that are no options; for `help user create` those after help
  std::string unknown_option;  // one that stands before the noun and is none of ours
  bool other_option = false;   // one that is not global stands behind the noun
  bool help = false;           // --help, -h, or the word help
  bool version = false;
  Format error_format = Format::table;  // of messages that come up before the settings are read
};
Glance glance_at(std::span<const std::string> arguments, const base::Environment& environment);

// What was given on the line goes over environment, file and defaults. Error usage for a value that does not
// suit, and for a store URL with a password: everybody on the machine can read argv.
void apply_globals(const commands::Globals& globals, base::Settings& settings);

Format format_of(std::string_view word);

}  // namespace authctl::cli
