// What stands in a command that a person is told to type. Names of users may have an apostrophe, e-mail
// addresses and the ids of imported keys have whatever somebody else chose: none of it may mean anything to
// the shell it is pasted into. Standard: POSIX.1-2017, Shell Command Language, section 2.2.2.
#pragma once
#include <string>
#include <string_view>

namespace authctl::base {

// The text itself where no shell sees more in it than letters, else in single quotes; made printable.
std::string shell_word(std::string_view text);

}  // namespace authctl::base
