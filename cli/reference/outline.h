// The tree of commands laid out as data, for what is written about it: completions and manual pages.
// Invariant: nothing stands here that the tree does not say; what a live value is (a user, a kid) follows
// from the name that the argument carries in the tree.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "commands/command.h"

namespace authctl::cli {

// What may stand as a value.
struct Values {
  enum class Kind { none, text, words, file, live };  // none: a flag
  Kind kind = Kind::none;
  std::vector<std::string> words = {};  // words: every one of them
  std::string source = {};              // live: "users", "kids"
  std::size_t count = 1;                // how many words of the line it takes
};

struct Parameter {
  std::string name;         // --use; of an argument KID
  std::string letter;       // -o; empty: none
  std::string placeholder;  // USE; empty: a flag
  std::string about;
  Values values;
  bool repeats = false, required = false;
};

struct VerbOutline {
  std::string noun, verb;  // verb empty: the noun alone is the command
  std::string summary;
  std::vector<Parameter> options, arguments;
  commands::Help help;
};

struct NounOutline {
  std::string name, summary;
  std::vector<VerbOutline> verbs;
  bool is_alone() const { return verbs.size() == 1 && verbs.front().verb.empty(); }
};

std::vector<NounOutline> outline();
// The options of every command, --help and --version among them.
std::vector<Parameter> global_outline();

}  // namespace authctl::cli
