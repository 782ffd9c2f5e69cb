// Backup codes as a sheet of paper: plain text, or a page of HTML that prints well and asks nobody for
// anything. Invariant: what is shown of the account is escaped.
#pragma once
#include <span>
#include <string>

#include "core/base/clock.h"
#include "core/base/secret.h"

namespace authctl::commands {

struct BackupSheet {
  std::string user, issuer;
  base::Timestamp made_at;
  std::span<const base::Secret> codes;
};
std::string text_of(const BackupSheet& sheet);
std::string html_of(const BackupSheet& sheet);

}  // namespace authctl::commands
