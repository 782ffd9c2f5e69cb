// What `incident contain` shows a person: the plan before it asks, and the same with what was done.
#pragma once
#include <string>

#include "core/service/containment.h"

namespace authctl::commands {

// Lines of at most 80 columns unless one word, or what stands in quotes, is wider; safe to print and to
// paste.
std::string draw_containment(const service::Containment& containment);

}  // namespace authctl::commands
