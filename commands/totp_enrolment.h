// The verbs of `totp` that need a store: enroll, confirm, verify, status, disable.
#pragma once
#include "commands/command.h"

namespace authctl::commands {

void declare_totp_enrolment(Noun& noun);

}  // namespace authctl::commands
