// What `doctor` found, for a person: a line for each group, and under it, as a tree, what has to be looked at
// and what to type. Invariant: no line is wider than 79 columns unless one word of it is.
#pragma once
#include <string>

#include "core/service/checkup.h"

namespace authctl::commands {

// `whole`: also the checks that found nothing, which otherwise are counted only.
std::string draw_checkup(const service::CheckupReport& report, bool whole);

}  // namespace authctl::commands
