// One line of text for each refused sign-in, in a file of its own, for programs that watch for guessers
// (fail2ban; packaging/fail2ban). It has whole addresses, which the server's log does not; so it is written
// only where the setting auth_log names a file. The form is stable:
//
//   2026-01-01T00:00:00Z authctl: refused 203.0.113.7 wrong_password door=login user="ann"
//
// Invariants: the address stands before anything that a stranger chose; a line is one write, appended, so
// that lines of several processes never mix; the file may be moved away at any time.
#pragma once
#include <string>
#include <string_view>

#include "core/base/clock.h"
#include "core/service/realm.h"

namespace authctl::service {

struct RefusedSignIn {
  std::string_view address;  // empty: the terminal
  std::string_view reason;   // "wrong_password"
  std::string_view door;
  std::string_view user;  // its name; empty: nobody's
};
std::string auth_log_line(base::Timestamp now, const RefusedSignIn& refused);

// Mode 0600 where it is made here; never through a symbolic link. Gives whether it could be written: who is
// refused is refused in any case, and the audit log has it.
bool append_to_auth_log(const std::string& file, const std::string& line) noexcept;

// What each door does once a refusal is on disk; no file, or a dry run: nothing.
void tell_auth_log(const std::string& file, const Cause& cause, base::Timestamp now, std::string_view reason,
                   std::string_view door, std::string_view user);

}  // namespace authctl::service
