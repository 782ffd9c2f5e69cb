// The verbs of `incident`, each in a file of its own.
#pragma once
#include "commands/command.h"

namespace authctl::commands {

void declare_incident_contain(Noun& noun);
void declare_incident_triage(Noun& noun);
void declare_incident_report(Noun& noun);

}  // namespace authctl::commands
