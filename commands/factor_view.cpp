#include "commands/factor_view.h"

#include <unistd.h>

#include <filesystem>

#include "core/base/error.h"
#include "core/base/file.h"
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
                      "authctl lockout clear " + check.user_name};
  if (check.refusal == service::Refusal::no_second_factor)
    throw base::Error{
        base::ErrorCode::denied,
        check.factor == service::Factor::totp ? "user " + user + " has no TOTP that was confirmed"
                                              : "user " + user + " has no backup codes",
        check.factor == service::Factor::totp ? "authctl totp status " + check.user_name
                                              : "authctl backup-code generate " + check.user_name};
}

void prepare(Invocation& in, const SecretFile& file) {
  if (file.path.empty()) {
    if (file.force) throw base::Error{base::ErrorCode::usage, "--force is for a file that is written over"};
    return;
  }
  const auto folder = std::filesystem::path(file.path).parent_path();
  if (::access(folder.empty() ? "." : folder.c_str(), W_OK) != 0)
    throw base::Error{base::ErrorCode::io,
                      "nothing can be written to the folder of " + base::quote(file.path),
                      "name a file in a folder that is there"};
  if (file.force)
    in.confirm("write over " + base::quote(file.path) + "?");
  else if (base::mode_of(file.path) >= 0)
    throw base::Error{base::ErrorCode::conflict, "the file " + base::quote(file.path) + " exists",
                      "--force writes over it"};
}

void write(const SecretFile& file, std::string_view content) {
  base::write_private_file(file.path, content, file.force ? base::IfExists::replace : base::IfExists::refuse);
}

}  // namespace authctl::commands
