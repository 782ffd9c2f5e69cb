// Under valgrind, with the secret marked undefined: a branch or an index that depends on it is an error that
// memcheck reports. `compare plant` compares as one must not, and has to be found.
#include <valgrind/memcheck.h>

#include <cstring>
#include <string_view>

#include "core/base/secret.h"

int main(int argc, char** argv) {
  using namespace authctl::base;
  const bool plant = argc > 1 && std::string_view(argv[1]) == "plant";
  std::uint8_t secret[32], guess[32];
  std::memset(secret, 7, sizeof secret);
  int wrong = 0;
  for (int place = -1; place < 32; ++place) {
    std::memcpy(guess, secret, sizeof guess);
    if (place >= 0) guess[place] ^= 1;
    VALGRIND_MAKE_MEM_UNDEFINED(secret, sizeof secret);
    bool same = true;
    if (plant) {
      for (std::size_t i = 0; same && i < sizeof secret; ++i) same = secret[i] == guess[i];
    } else {
      same = equal_constant_time(secret, guess);
    }
    VALGRIND_MAKE_MEM_DEFINED(secret, sizeof secret);
    VALGRIND_MAKE_MEM_DEFINED(&same, sizeof same);
    wrong += same != (place < 0);
  }
  return wrong;
}
