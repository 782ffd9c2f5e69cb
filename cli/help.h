// Help texts, 80 columns wide: one for the program, one for each noun, one for each verb. They walk the same
// tree that parses the line.
#pragma once
#include <ostream>
#include <string_view>

#include "commands/command.h"

namespace authctl::cli {

void print_overview(std::ostream& out);
void print_noun(std::ostream& out, const commands::NounEntry& entry, const commands::Noun& noun);
void print_verb(std::ostream& out, const commands::NounEntry& entry, const commands::Noun::Verb& verb);

}  // namespace authctl::cli
