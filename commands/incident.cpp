#include "commands/incident.h"

namespace authctl::commands {

void declare_incident(Noun& noun) { declare_incident_contain(noun); }

}  // namespace authctl::commands
