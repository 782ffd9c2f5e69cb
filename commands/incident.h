// The halves of the noun `incident`, a file each.
#pragma once
#include "commands/command.h"

namespace authctl::commands {

void declare_incident_contain(Noun& noun);
void declare_incident_report(Noun& noun);

}  // namespace authctl::commands
