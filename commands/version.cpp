#include "commands/command.h"

namespace authctl::commands {

void declare_version(Noun&) {}

}  // namespace authctl::commands
