// What is wrong with a command line, in our own words, with the nearest thing that would have been right.
#pragma once
#include <CLI/CLI.hpp>
#include <string>
#include <string_view>

#include "commands/command.h"
#include "core/base/error.h"

namespace authctl::cli {

base::Error unknown_noun(std::string_view typed);
base::Error unknown_verb(const CLI::App& noun, std::string_view typed);
// `command`: the noun or verb that was asked for, where the options it takes hang.
base::Error unknown_option(const CLI::App& root, const CLI::App& command, std::string_view typed);
base::Error value_missing(const CLI::App& command, std::string_view option);
// CLI11's refusal of a line.
base::Error usage_error(const CLI::App& root, const CLI::App& command, const CLI::ParseError& refusal);

// "user create": the command as it is typed, without the program's name.
std::string path_of(const CLI::App& command);

}  // namespace authctl::cli
