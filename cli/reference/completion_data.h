// The tree of commands as the completion scripts carry it: what each command takes, a word a thing.
// Invariant: a value is told in one way for all three shells: "" none, "?" any text ("??": two of them),
// "=a b" these words, "/" a file, "@users" what the store knows.
#pragma once
#include <functional>
#include <string>

#include "cli/reference/outline.h"

namespace authctl::cli {

std::string spec_of(const Values& values);
// "+" before what may be given more than once.
std::string item_of(const Parameter& parameter);

// Visits "noun verb" and what it takes; for a noun alone "noun".
void for_each_command(const std::vector<NounOutline>& nouns,
                      const std::function<void(const std::string& path, const VerbOutline& verb)>& visit);

}  // namespace authctl::cli
