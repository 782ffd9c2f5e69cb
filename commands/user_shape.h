// What a user looks like in JSON, in a table and to --quiet; and the settings that passwords are judged by.
#pragma once
#include "commands/command.h"
#include "core/service/account_password.h"

namespace authctl::commands {

extern const Shape user_shape;

service::PasswordPolicy password_policy(const base::Settings& settings);

}  // namespace authctl::commands
