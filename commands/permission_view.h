// What a person reads about a decision: one line for a check, a tree for an explanation.
// Invariant: no line of a tree is wider than 80 columns, however deep the hierarchy or long the names.
#pragma once
#include <string>

#include "core/service/access.h"

namespace authctl::commands {

std::string check_line(const service::Access& access);
std::string explanation_tree(const service::Explanation& explanation);

}  // namespace authctl::commands
