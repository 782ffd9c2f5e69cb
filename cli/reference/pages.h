// What is written about the tree of commands, made from it: completion scripts and manual pages. Invariant:
// the same tree gives the same bytes, so that the files kept in completions/ and man/ can be compared.
#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace authctl::cli {

std::string bash_completion();
std::string zsh_completion();
std::string fish_completion();

// "completion bash". Error internal for a page that there is none of.
std::string reference_page(std::string_view page);

struct ReferenceFile {
  std::string path;  // below the root of the sources: completions/authctl.bash
  std::string content;
};
std::vector<ReferenceFile> reference_files();

}  // namespace authctl::cli
