#include "cli/usage.h"

#include <algorithm>
#include <vector>

#include "cli/globals.h"
#include "core/base/text.h"

namespace authctl::cli {
namespace {

using base::Error;
using base::ErrorCode;
using base::quote;

std::string as_typed(std::string word) {
  commands::unmark_word(word);
  return word;
}

std::string help_hint(const std::string& path) { return "authctl help" + (path.empty() ? "" : " " + path); }

std::string hint_with(const std::optional<std::string>& near, const std::string& path) {
  return (near ? "did you mean " + *near + "? See: " : "") + help_hint(path);
}

Error refuse(const CLI::App& command, const std::string& message) {
  const std::string path = path_of(command);
  return Error(ErrorCode::usage, path.empty() ? message : path + ": " + message, help_hint(path));
}

// "--alg: ES257 not in {ES256,EdDSA}" and its like: the option, and what its check said.
Error refused_value(const CLI::App& command, const std::string& text) {
  const std::size_t colon = text.find(": ");
  if (colon == std::string::npos) return refuse(command, base::printable(text));
  const std::string name = text.substr(0, colon);
  const std::string complaint = text.substr(colon + 2);
  const std::size_t choices_at = complaint.rfind(" not in {");
  if (choices_at == std::string::npos || !complaint.ends_with('}')) {
    return refuse(command, name + ": " + base::printable(complaint));
  }
  std::vector<std::string> choices =
      CLI::detail::split(complaint.substr(choices_at + 9, complaint.size() - choices_at - 10), ',');
  const std::string typed = complaint.substr(0, choices_at);
  const std::string path = path_of(command);
  return Error(ErrorCode::usage,
               path + ": " + name + " does not take " + quote(typed) + "; it takes " +
                   CLI::detail::join(choices, ", "),
               hint_with(base::nearest(typed, choices), path));
}

Error refused_conversion(const CLI::App& command, const std::string& text) {
  constexpr std::string_view start = "Could not convert: ";
  const std::size_t equals = text.find(" = ");
  if (!text.starts_with(start) || equals == std::string::npos) return refuse(command, base::printable(text));
  const std::string name = text.substr(start.size(), equals - start.size());
  return refuse(command, name + " does not take " + quote(text.substr(equals + 3)));
}

Error refused_count(const CLI::App& command, const std::string& text) {
  const std::string name = text.substr(0, text.find_first_of(": "));
  if (text.find("flag override") != std::string::npos) return refuse(command, name + " takes no value");
  if (text.find("At Most") != std::string::npos) return refuse(command, name + " is given more than once");
  // "Expected exactly 1 arguments to --email, got 2"
  constexpr std::string_view to = " arguments to ", got = ", got ";
  const auto begin = text.find(to), end = text.find(got);
  if (begin != text.npos && end != text.npos && text.starts_with("Expected exactly 1 ")) {
    const auto option = text.substr(begin + to.size(), end - begin - to.size());
    return refuse(command,
                  option + (text.ends_with("got 0") ? " needs a value" : " is given more than once"));
  }
  return refuse(command, name + " needs a value");
}

std::string between(const std::string& text, const std::string& word, const std::string& ours) {
  const std::size_t at = text.find(word);
  return at == std::string::npos ? base::printable(text)
                                 : text.substr(0, at) + ours + text.substr(at + word.size());
}

}  // namespace

std::string path_of(const CLI::App& command) {
  std::string path;
  for (const CLI::App* app = &command; app->get_parent() != nullptr; app = app->get_parent()) {
    path = app->get_name() + (path.empty() ? "" : " ") + path;
  }
  return path;
}

Error unknown_noun(std::string_view typed) {
  std::vector<std::string> names{"help"};
  for (const auto& entry : commands::nouns()) names.emplace_back(entry.name);
  return Error(ErrorCode::usage, "unknown command " + quote(typed),
               hint_with(base::nearest(typed, names), ""));
}

Error unknown_verb(const CLI::App& noun, std::string_view typed) {
  std::vector<std::string> names;
  for (const auto* verb : noun.get_subcommands(nullptr)) names.push_back(verb->get_name());
  const auto near = base::nearest(typed, names);
  const std::string name = noun.get_name();
  return Error(ErrorCode::usage, name + " has no verb " + quote(typed),
               hint_with(near ? std::optional(name + " " + *near) : std::nullopt, name));
}

Error unknown_option(const CLI::App& root, const CLI::App& command, std::string_view typed) {
  std::vector<std::string> names{"--help", "--version"};
  for (const auto* app : {&command, &root}) {
    for (const auto* option : app->get_options()) {
      for (const auto& name : option->get_lnames()) names.push_back("--" + name);
    }
  }
  const std::string name{typed.substr(0, typed.find('='))};
  const std::string path = path_of(command);
  if (std::find(names.begin(), names.end(), name) != names.end()) {
    return Error(ErrorCode::usage, path + ": option " + quote(name) + " stands before the verb",
                 "put it behind: authctl " + path + " " + name);
  }
  return Error(ErrorCode::usage, (path.empty() ? "" : path + ": ") + "unknown option " + quote(name),
               hint_with(base::nearest(name, names), path));
}

Error value_missing(const CLI::App& command, std::string_view option) {
  return refuse(command, std::string(option) + " needs a value");
}

Error usage_error(const CLI::App& root, const CLI::App& command, const CLI::ParseError& refusal) {
  const auto left = root.remaining(true);
  const auto option = std::find_if(left.begin(), left.end(),
                                   [](const std::string& word) { return word.size() > 1 && word[0] == '-'; });
  if (option != left.end()) return unknown_option(root, command, *option);
  const std::string text = refusal.what();
  switch (static_cast<CLI::ExitCodes>(refusal.get_exit_code())) {
    case CLI::ExitCodes::ExtrasError:
      return refuse(command, "unexpected argument " + quote(left.empty() ? "" : as_typed(left.front())));
    case CLI::ExitCodes::RequiredError:
      return refuse(command, between(text, " is required", " is missing"));
    case CLI::ExitCodes::ValidationError:
      return refused_value(command, text);
    case CLI::ExitCodes::ConversionError:
      return refused_conversion(command, text);
    case CLI::ExitCodes::ArgumentMismatch:
      return refused_count(command, text);
    case CLI::ExitCodes::ExcludesError:
      return refuse(command, between(text, " excludes ", " cannot be had with "));
    case CLI::ExitCodes::RequiresError:
      return refuse(command, between(text, " requires ", " needs "));
    default:
      return refuse(command, base::printable(text));
  }
}

}  // namespace authctl::cli
