#include "commands/incident.h"

namespace authctl::commands {

void declare_incident(Noun& noun) {
  declare_incident_contain(noun);
  declare_incident_triage(noun);
  declare_incident_report(noun);
}

}  // namespace authctl::commands
