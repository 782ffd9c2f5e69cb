// Under valgrind, with the key of an HS256 verifier marked undefined: so is the right MAC of every message,
// and a branch that depends on it is an error that memcheck reports. `mac plant` compares as one must not.
#include <valgrind/memcheck.h>

#include <cstring>
#include <string_view>

#include "core/crypto/signature.h"

namespace {

using namespace authctl;

crypto::KeyMaterial key_of(std::uint8_t byte) {
  crypto::KeyMaterial key;
  key.algorithm = crypto::Algorithm::hs256;
  key.k = base::Secret::zeroed(32);
  std::memset(key.k.writable().data(), byte, 32);
  return key;
}

bool same_as_one_must_not(base::ByteView a, base::ByteView b) {
  for (std::size_t i = 0; i < a.size(); ++i)
    if (a[i] != b[i]) return false;
  return true;
}

}  // namespace

int main(int argc, char** argv) {
  const bool plant = argc > 1 && std::string_view(argv[1]) == "plant";
  constexpr std::string_view message = "header.claims";
  auto key = key_of(7);
  const auto good = crypto::Signer(key).sign(message);
  VALGRIND_MAKE_MEM_UNDEFINED(key.k.writable().data(), key.k.size());
  crypto::Verifier verifier(key);
  crypto::Signer signer(key);
  int wrong = 0;
  for (std::size_t place = 0; place <= good.size(); ++place) {
    auto given = good;
    if (place < good.size()) given[place] ^= 1;
    bool valid = plant ? same_as_one_must_not(signer.sign(message), given) : verifier.verify(message, given);
    VALGRIND_MAKE_MEM_DEFINED(&valid, sizeof valid);
    wrong += valid != (place == good.size());
  }
  VALGRIND_MAKE_MEM_DEFINED(key.k.writable().data(), key.k.size());
  return wrong;
}
