// Requests that another site made a browser send (CSRF). Two independent checks: a token that is bound to the
// session and cannot be read from outside, and the Origin or Sec-Fetch-Site that browsers put in themselves.
// Invariant: whatever comes with cookies and changes something passes both, or is refused; a token of one
// session is none of another's, nor of the time before the sign-in.
#pragma once
#include <span>
#include <string>
#include <string_view>

#include "core/crypto/sealing.h"

namespace authctl::server {

// HMAC-SHA256 over what the token is bound to, under a key of the store: nothing to be kept, and the same in
// every process.
class CsrfTokens {
 public:
  explicit CsrfTokens(const crypto::Sealer& sealer) : key_(sealer.derive("csrf token")) {}

  std::string of_session(std::string_view session_id) const;
  bool fits_session(std::string_view token, std::string_view session_id) const;

  // For the pages before the sign-in: a random value with its MAC, which the browser holds as a cookie and
  // sends back as the token too (a signed double submit). `nonce`: 16 random bytes or more, as text.
  std::string before_sign_in(std::string_view nonce) const;
  bool is_before_sign_in(std::string_view cookie) const;  // made here
  bool fits_before_sign_in(std::string_view token, std::string_view cookie) const;

 private:
  std::string make(std::string_view purpose, std::string_view what) const;
  base::Secret key_;
};

struct SiteClaims {
  std::string_view origin, sec_fetch_site;  // empty: not sent
  bool has_origin = false;
};
// Whether the request comes from a page of ours: exactly the origin of the issuer, or one of `others` (those
// of AUTHCTL_CORS_ORIGINS). What is not sent decides nothing: a script is no browser.
bool is_from_our_site(const SiteClaims& claims, std::string_view issuer, std::span<const std::string> others);

// "https://auth.example.com" of any URL under it: scheme, host in lower case, port where it is not the usual.
std::string origin_of(std::string_view url);

}  // namespace authctl::server
