// How many bits a guesser who knows words, dates, names and keyboards needs for a password: zxcvbn (Wheeler,
// USENIX Security 2016), by the library libzxcvbn, opened when it is asked for.
#pragma once
#include <string>
#include <vector>

#include "core/base/secret.h"

namespace authctl::credential {

struct PasswordStrength {
  double bits = 0;
  std::string weakness;  // what most of it is: "common words", "a date"; empty where nothing was recognised
};

// `words`: what this owner's guesser tries first. The password holds no NUL. Error io where the library is
// missing.
PasswordStrength measure_password(const base::Secret& password, const std::vector<std::string>& words);

}  // namespace authctl::credential
