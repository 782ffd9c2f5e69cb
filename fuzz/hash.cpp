// Password hashes from an import: recognised or refused, and never any work done for them here.
#include "core/base/error.h"
#include "core/crypto/password_hash.h"
#include "fuzz/claim.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace authctl;
  try {
    crypto::parse_password_hash({reinterpret_cast<const char*>(data), size});
    fuzz::claim(size <= 512, "a hash of more than 512 bytes was taken");
  } catch (const base::Error& error) {
    fuzz::claim(!error.message().empty(), "a refusal without a word");
  }
  return 0;
}
