#include "cli/tree.h"

#include "cli/globals.h"
#include "cli/usage.h"
#include "core/base/error.h"

namespace authctl::cli {
namespace {

using commands::Noun;

bool takes_value(const CLI::App& command, const std::string& word) {
  if (word.size() < 2 || word[0] != '-') return false;
  for (const CLI::App* app = &command; app != nullptr; app = app->get_parent()) {
    if (const auto* option = app->get_option_no_throw(word)) return option->get_items_expected_max() > 0;
  }
  return false;
}

// CLI11 takes the next word as the value of `--email=`; here it is an empty value. Behind `--` all are words,
// so that `--email --` has no value.
std::vector<std::string> in_reverse(std::span<const std::string> arguments, const CLI::App& command) {
  std::vector<std::string> words;
  bool only_words = false;
  for (const auto& word : arguments) {
    if (only_words) {
      words.push_back(commands::mark_word(word));
    } else if (word == "--") {
      if (!words.empty() && takes_value(command, words.back())) throw value_missing(command, words.back());
      only_words = true;
    } else if (word.starts_with("--") && word.find('=') == word.size() - 1) {
      words.push_back(word.substr(0, word.size() - 1));
      words.emplace_back();
    } else {
      words.push_back(word);
    }
  }
  return {words.rbegin(), words.rend()};
}

}  // namespace

const commands::NounEntry* find_noun(std::string_view name) {
  for (const auto& entry : commands::nouns()) {
    if (name == entry.name) return &entry;
  }
  return nullptr;
}

Tree::Tree() {
  root_.set_help_flag();
  root_.require_subcommand(0, 1);
  declare_globals(root_, globals_);
}

Tree::Tree(const commands::NounEntry& entry) : Tree() {
  entry_ = &entry;
  noun_app_ = root_.add_subcommand(entry.name, entry.summary);
  noun_app_->require_subcommand(0, 1);
  noun_ = std::make_unique<Noun>(*noun_app_);
  entry.declare(*noun_);
  commands::settle(*noun_app_);
}

const Noun::Verb* Tree::find(std::string_view verb) const {
  const Noun::Verb* alone = nullptr;
  for (const auto& candidate : noun_->verbs()) {
    if (candidate.name == verb) return &candidate;
    if (candidate.name.empty()) alone = &candidate;
  }
  return alone;
}

void Tree::parse_globals(std::span<const std::string> arguments) {
  try {
    auto words = in_reverse(arguments, root_);
    root_.parse(words);
  } catch (const CLI::ParseError& refusal) {
    throw usage_error(root_, root_, refusal);
  }
}

const Noun::Verb& Tree::parse(std::span<const std::string> arguments, const std::string& verb_word) {
  const Noun::Verb* verb = find(verb_word);
  try {
    auto words = in_reverse(arguments, verb == nullptr ? *noun_app_ : *verb->app);
    root_.parse(words);
  } catch (const CLI::ParseError& refusal) {
    if (verb == nullptr && !verb_word.empty()) throw unknown_verb(*noun_app_, verb_word);
    throw usage_error(root_, verb == nullptr ? *noun_app_ : *verb->app, refusal);
  }
  for (const auto& candidate : noun_->verbs()) {
    if (!candidate.name.empty() && candidate.app->parsed()) return candidate;
  }
  if (verb != nullptr && verb->name.empty()) return *verb;
  const std::string path = path_of(*noun_app_);
  throw base::Error(base::ErrorCode::usage, path + " needs a verb", "authctl help " + path);
}

}  // namespace authctl::cli
