#include "cli/globals.h"

#include <algorithm>
#include <array>

#include "core/base/error.h"
#include "core/base/text.h"
#include "core/base/url.h"

namespace authctl::cli {
namespace {

using commands::Globals;

constexpr std::array table{
    GlobalOption{"--store", "", "URL", "AUTHCTL_STORE", "the store: sqlite:PATH or postgresql://…",
                 &Globals::store, nullptr, "store"},
    GlobalOption{"--config", "", "FILE", "AUTHCTL_CONFIG", "settings in TOML", &Globals::config},
    GlobalOption{"--master-key-file", "", "FILE", "AUTHCTL_MASTER_KEY_FILE", "file with the master key",
                 &Globals::master_key_file, nullptr, "master_key_file"},
    GlobalOption{"--output", "-o", "FORMAT", "AUTHCTL_OUTPUT", "table, json or jsonl", &Globals::output,
                 nullptr, "output"},
    GlobalOption{"--json", "", "", "", "short for -o json", nullptr, &Globals::json},
    GlobalOption{"--quiet", "-q", "", "", "ids only, one a line", nullptr, &Globals::quiet},
    GlobalOption{"--color", "", "WHEN", "NO_COLOR, CLICOLOR_FORCE", "auto, always or never", &Globals::color,
                 nullptr, "color"},
    GlobalOption{"--yes", "-y", "", "", "answer every question with yes", nullptr, &Globals::yes},
    GlobalOption{"--reason", "", "TEXT", "", "kept with every audit event of the command", &Globals::reason},
    GlobalOption{"--dry-run", "", "", "", "show what would happen, write nothing", nullptr,
                 &Globals::dry_run},
};

const GlobalOption* find_option(std::string_view word) {
  const std::string_view name = word.starts_with("--") ? word.substr(0, word.find('=')) : word.substr(0, 2);
  const auto it = std::find_if(table.begin(), table.end(), [&](const GlobalOption& o) {
    return o.name == name || (!o.letter.empty() && o.letter == name);
  });
  return it == table.end() ? nullptr : &*it;
}

// The value of a global option: behind `=`, behind the letter, or the next word.
std::string value_at(std::span<const std::string> arguments, std::size_t& i) {
  const std::string& word = arguments[i];
  if (word.starts_with("--")) {
    const std::size_t equals = word.find('=');
    if (equals != std::string::npos) return word.substr(equals + 1);
  } else if (word.size() > 2) {
    return word.substr(2);
  }
  return i + 1 < arguments.size() ? arguments[++i] : std::string{};
}

void take_word(Glance& glance, const std::string& word) {
  if (!glance.has_noun && word == "help") {
    glance.help = true;
  } else if (!glance.has_noun) {
    glance.has_noun = true;
    glance.noun = word;
  } else if (glance.verb.empty()) {
    glance.verb = word;
  }
}

void take_option(Glance& glance, const std::string& word) {
  if (word == "--help" || word == "-h") {
    glance.help = true;
  } else if (word == "--version") {
    glance.version = true;
  } else if (glance.has_noun) {
    glance.other_option = true;
  } else if (glance.unknown_option.empty()) {
    glance.unknown_option = word;
  }
}

}  // namespace

std::span<const GlobalOption> global_options() { return table; }

void declare_globals(CLI::App& root, Globals& globals) {
  for (const auto& option : table) {
    std::string names = option.letter.empty() ? "" : std::string(option.letter) + ",";
    names += option.name;
    if (option.flag != nullptr) {
      root.add_flag(names, globals.*option.flag, std::string(option.about))
          ->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
    } else {
      auto* added = root.add_option(names, globals.*option.text, std::string(option.about))
                        ->type_name(std::string(option.value));
      if (option.name != "--reason") commands::refuse_empty(added);
    }
  }
}

Format format_of(std::string_view word) {
  return word == "json" ? Format::json : word == "jsonl" ? Format::jsonl : Format::table;
}

Glance glance_at(std::span<const std::string> arguments, const base::Environment& environment) {
  Glance glance;
  std::string output = environment("AUTHCTL_OUTPUT").value_or("");
  bool only_words = false;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const std::string& word = arguments[i];
    if (only_words || word.size() < 2 || word[0] != '-') {
      take_word(glance, word);
    } else if (word == "--") {
      only_words = true;
    } else if (const auto* option = find_option(word)) {
      if (option->flag != nullptr) {
        if (option->name == "--json") output = "json";
        continue;
      }
      const std::string value = value_at(arguments, i);
      if (option->name == "--output") output = value;
    } else {
      take_option(glance, word);
    }
  }
  glance.error_format = format_of(output);
  return glance;
}

void apply_globals(const Globals& globals, base::Settings& settings) {
  if (base::holds_password(globals.store)) {
    throw base::Error(
        base::ErrorCode::usage, "--store holds a password, and everybody on this machine can read it there",
        "put the URL in a file and name that in AUTHCTL_STORE_FILE, or use a passfile (~/.pgpass)");
  }
  if (globals.json && !globals.output.empty() && globals.output != "json") {
    throw base::Error(base::ErrorCode::usage,
                      "--json and --output " + base::quote(globals.output) + " exclude each other",
                      "leave one of them out");
  }
  for (const auto& option : table) {
    if (option.setting.empty() || option.text == nullptr || (globals.*option.text).empty()) continue;
    settings.set_flag(option.setting, globals.*option.text, std::string(option.name));
  }
  if (globals.json) settings.set_flag("output", "json", "--json");
}

}  // namespace authctl::cli
