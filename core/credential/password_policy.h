// Which passwords are taken: SP 800-63B-4 section 3.1.1.2 and ASVS 5.0 section 6.2. Long ones, of any
// printable characters, that are not known, not guessable and not about their owner; no rules of composition
// unless switched on. A password is counted and kept in Normalization Form C. Control, bidi and zero-width
// characters are refused: what cannot be seen cannot be typed again. Invariant: the whole password counts;
// nothing is ever cut off or mapped to judge it.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "core/base/secret.h"

namespace authctl::credential {

struct PasswordRules {
  std::size_t least = 8;          // code points, for an account with a second factor
  std::size_t least_single = 15;  // for one without
  bool classes = false;           // ask for a lower, an upper case letter and a digit
  // The operator's own: a company, its products (ASVS 5.0 section 6.2.11). Judged as the owner's name is.
  std::vector<std::string> words = {};
};

// Whose password it is to be. What is empty is not known.
struct PasswordOwner {
  std::string name, email;
  std::string service = "authctl";
  bool second_factor = false;
};

enum class PasswordFault {
  too_short,
  too_long,
  not_text,
  unprintable,
  common,
  about_owner,
  repetitive,
  sequence,
  guessable,
  classes
};
std::string_view word_of(PasswordFault fault);  // "too_short"

struct PasswordObjection {
  PasswordFault fault;
  std::string message;  // what is wrong and what would help; nothing of the password is in it
};

// Empty: it is taken. Error io where the strength library is missing.
std::vector<PasswordObjection> judge_password(const base::Secret& password, const PasswordOwner& owner,
                                              const PasswordRules& rules);

// Whether the folded text is on the list of common passwords.
bool is_common_password(std::string_view folded);

}  // namespace authctl::credential
