// Keys from outside: JWK, sets of them, PEM. What is taken comes back the same through its own text, and the
// public text never holds a private part.
#include "core/token/jwk.h"

#include "core/base/error.h"
#include "fuzz/claim.h"

namespace {

using namespace authctl;

void check_round_trip(const token::Jwk& key) {
  const auto print = key.thumbprint();
  fuzz::claim(print.size() == 43, "a thumbprint of another length");
  if (key.is_private()) {
    const auto text = token::format_private_jwk(key);
    fuzz::claim(token::parse_jwk(text.reveal_text()).thumbprint() == print,
                "a private key changed on its way");
  }
  if (is_symmetric(key.algorithm())) return;
  const auto published = token::public_jwk(key);
  for (const auto* part : {"d", "p", "q", "dp", "dq", "qi", "k"})
    fuzz::claim(!published.contains(part), "a secret is published");
  const auto again = token::parse_jwk(base::json::serialize(published));
  fuzz::claim(!again.is_private() && again.thumbprint() == print, "a public key changed on its way");
  const auto from_pem = crypto::parse_pem(crypto::format_public_pem(key.material));
  fuzz::claim(token::Jwk{{}, from_pem.clone()}.thumbprint() == print, "a public key changed in PEM");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  try {
    for (const auto& key : token::parse_keys(text)) check_round_trip(key);
  } catch (const base::Error& error) {
    fuzz::claim(error.code() == base::ErrorCode::invalid, "a key from outside failed inside");
  }
  try {
    token::parse_jwks(text, token::BrokenKeys::skip);
  } catch (const base::Error& error) {
    fuzz::claim(error.code() == base::ErrorCode::invalid, "a key set from outside failed inside");
  }
  return 0;
}
