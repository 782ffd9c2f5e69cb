#include "commands/command.h"
namespace authctl::cli {}
