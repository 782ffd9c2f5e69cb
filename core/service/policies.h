// The settings by which passwords and sign-ins are judged, read in one place for the terminal and the server.
#pragma once
#include "core/base/config.h"
#include "core/service/account_password.h"
#include "core/service/sign_in.h"

namespace authctl::service {

// Error invalid, with the setting's name, for one that is out of its range.
PasswordPolicy password_policy(const base::Settings& settings);
credential::LockoutPolicy lockout_policy(const base::Settings& settings);
SignInPolicy sign_in_policy(const base::Settings& settings);
// For whoever is about to keep settings: the same errors, and nothing else.
void check_policies(const base::Settings& settings);

}  // namespace authctl::service
