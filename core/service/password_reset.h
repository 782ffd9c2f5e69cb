// A password that is set with a text from a mail. Invariants: the text works once, for 30 minutes, and only
// its hash is kept; whoever asks is told the same, and the store does the same work, whether the account is
// there or not; the mail goes to the address that the store has, never to one that was typed. A reset signs
// nobody in: it ends every session of the user. NIST SP 800-63B-4 section 4.2.1.2.
#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "core/service/account_password.h"

namespace authctl::service {

// Within a change; its entry is auth.reset. What the user was given before works no more.
base::Secret issue_reset(Change& change, const store::UserRow& user, std::string_view why);

struct ResetMail {
  std::string user_name, email;  // as the store has it
  base::Secret token;
  base::Timestamp expires_at{};
};
// Nothing where there is nobody to write to: no such address, or a disabled account.
std::optional<ResetMail> request_reset(Realm& realm, const Cause& cause, std::string_view email);

struct ResetRequest {
  std::string_view token;
  const base::Secret& password;
};
using HashRunner = std::function<void(const std::function<void()>&)>;
// Judges and hashes before the change; Error invalid with the objections of the policy, which leaves the
// token as it is. Gives whose password was set; nothing for a token that is none. `hash` runs the slow part.
// `reads` is the caller's own; `writes`, for change() alone, may be shared.
std::optional<std::string> confirm_reset(Realm& reads, Realm& writes, const Cause& cause,
                                         const ResetRequest& request, const PasswordPolicy& policy,
                                         const HashRunner& hash);

}  // namespace authctl::service
