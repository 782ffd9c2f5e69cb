// What `incident contain` shows a person: the plan before it asks, and the same with what was done.
#pragma once
#include <string>

#include "core/service/containment.h"

namespace authctl::commands {

// Lines of at most 80 columns where names are of a usual length; safe to print.
std::string draw_containment(const service::Containment& containment);

}  // namespace authctl::commands
