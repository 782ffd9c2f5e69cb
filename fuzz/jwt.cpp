// Tokens from outside. Beside what the sanitizers see: a verdict is the same twice and by a verifier that has
// seen nothing, no token but the one that the key signed is valid, and whatever inspection reads,
// verification does too.
#include "core/token/jwt.h"

#include <cstdlib>

#include "fuzz/claim.h"

namespace {

using namespace authctl;

// RFC 8037 appendix A: a key that anyone may know, so that the corpus holds one token that is valid under it.
constexpr const char* ed25519_key =
    R"({"kty":"OKP","crv":"Ed25519","kid":"ed","d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"})";
constexpr const char* hmac_key =
    R"({"kty":"oct","kid":"hs","k":"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow"})";

std::shared_ptr<const token::KeySet> keys() {
  static const auto set = [] {
    auto made = std::make_shared<token::KeySet>();
    made->add(token::parse_jwk(ed25519_key));
    made->add(token::parse_jwk(hmac_key));
    return made;
  }();
  return set;
}

token::Expectations expectations() {
  token::Expectations e;
  e.issuer = "https://auth.example";
  e.audiences = {"https://api.example"};
  e.required = {{"sub", {}}};
  return e;
}

// `{header}` LF `{claims}` is signed first, so that what lies behind a right signature is reached as well.
std::string token_of(std::string_view text) {
  const auto line_end = text.find('\n');
  if (!text.starts_with('{') || line_end == text.npos) return std::string(text);
  static crypto::Signer signer(keys()->entries()[1].key.material);
  auto token = base::encode_base64url(base::bytes_of(text.substr(0, line_end))) + "." +
               base::encode_base64url(base::bytes_of(text.substr(line_end + 1)));
  return token + "." + base::encode_base64url(signer.sign(token));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto text = token_of({reinterpret_cast<const char*>(data), size});
  const auto now = base::from_unix_seconds(1767225600);
  static token::Verifier seasoned(keys(), expectations());
  token::Verifier fresh(keys(), expectations());
  const auto first = seasoned.verify(text, now);
  const auto reason = first.reason;
  const auto shown = base::json::serialize(token::verdict_json(first));
  fuzz::claim(base::json::serialize(token::verdict_json(fresh.verify(text, now))) == shown,
              "two verdicts on one token");
  fuzz::claim(seasoned.verify(text, now).reason == reason, "the second verdict differs from the first");
  const auto inspected = token::inspect_token(text);
  fuzz::claim(inspected || reason == token::Reason::malformed, "verified, yet not readable");
  if (!reason)
    fuzz::claim(text.size() <= 16384 && text.find_first_of("=+/ \r\n") == text.npos,
                "a loose token is valid");
  return 0;
}
