// The tree of commands that CLI11 parses: the global options and one noun with its verbs. Help, completions
// and tests walk the same tree. Invariant: a run declares only the noun that its line names; declaring them
// all would cost more than most commands.
#pragma once
#include <memory>
#include <span>
#include <string>

#include "commands/command.h"

namespace authctl::cli {

const commands::NounEntry* find_noun(std::string_view name);

class Tree {
 public:
  Tree();
  explicit Tree(const commands::NounEntry& entry);

  CLI::App& root() { return root_; }
  const commands::Globals& globals() const { return globals_; }
  const commands::NounEntry& entry() const { return *entry_; }
  const commands::Noun& noun() const { return *noun_; }
  const CLI::App& noun_app() const { return *noun_app_; }
  // The verb; for a noun without verbs itself (whatever `verb` says); null where there is none.
  const commands::Noun::Verb* find(std::string_view verb) const;
  // A line without a noun. Error usage where there is more on it than global options.
  void parse_globals(std::span<const std::string> arguments);
  // Fills the globals and the options of the verb that the line names. Error usage, in our own words.
  const commands::Noun::Verb& parse(std::span<const std::string> arguments, const std::string& verb);

 private:
  CLI::App root_{"", "authctl"};
  commands::Globals globals_;
  const commands::NounEntry* entry_ = nullptr;
  CLI::App* noun_app_ = nullptr;
  std::unique_ptr<commands::Noun> noun_;
};

}  // namespace authctl::cli
