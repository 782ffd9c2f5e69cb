#include "commands/factor_view.h"

#include "core/base/error.h"
#include "core/base/shell_word.h"
#include "core/base/text.h"

namespace authctl::commands {

std::string_view phrase_of(service::Refusal refusal) {
  switch (refusal) {
    case service::Refusal::used_code:
      return "the code was used before";
    case service::Refusal::disabled:
      return "the user is disabled";
    default:
      return "the code is not right";
  }
}

void refuse_unverified(const service::CodeCheck& check) {
  const auto user = base::quote(check.user_name);
  if (check.refusal == service::Refusal::locked)
    throw base::Error{base::ErrorCode::locked,
                      "user " + user + " is locked until " + base::to_rfc3339(check.locked_until.value()),
                      "authctl lockout clear " +
                          base::shell_word(service::lockout_subject(check.user_id, check.user_name))};
  if (check.refusal == service::Refusal::no_second_factor)
    throw base::Error{base::ErrorCode::denied,
                      check.factor == service::Factor::totp
                          ? "user " + user + " has no TOTP that was confirmed"
                          : "user " + user + " has no backup codes",
                      check.factor == service::Factor::totp
                          ? "authctl totp status " + base::shell_word(check.user_name)
                          : "authctl backup-code generate " + base::shell_word(check.user_name)};
}

}  // namespace authctl::commands
