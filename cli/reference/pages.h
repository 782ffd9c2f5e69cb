// What is written about the tree of commands, made from it: completion scripts and manual pages. Invariant:
// the same tree gives the same bytes, but for
// the date on the manual pages, which is SOURCE_DATE_EPOCH where that is set.
#pragma once
#include <string>
#include <string_view>

#include "cli/run.h"

namespace authctl::cli {

std::string bash_completion();
std::string zsh_completion();
std::string fish_completion();

// "completion bash". Error internal for a page that there is none of.
std::string reference_page(std::string_view page);

// The word behind which the build asks for all of it: `authctl __reference FOLDER`.
inline constexpr std::string_view reference_word = "__reference";
// Writes completions/ and man/ below the folder.
void write_reference(const std::string& folder, const World& world);

}  // namespace authctl::cli
