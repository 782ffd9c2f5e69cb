#include "core/server/csrf.h"

#include <algorithm>

#include "core/base/text.h"
#include "core/crypto/hmac.h"

namespace authctl::server {
namespace {

bool equal(std::string_view a, std::string_view b) {
  return base::equal_constant_time(base::bytes_of(a), base::bytes_of(b));
}

}  // namespace

std::string CsrfTokens::make(std::string_view purpose, std::string_view what) const {
  std::string message(purpose);
  message += '\0';
  message += what;
  const auto mac = crypto::hmac(crypto::MacHash::sha256, key_.reveal(), base::bytes_of(message));
  return base::encode_base64url(mac);
}

std::string CsrfTokens::of_session(std::string_view session_id) const { return make("session", session_id); }

bool CsrfTokens::fits_session(std::string_view token, std::string_view session_id) const {
  return !session_id.empty() && equal(token, of_session(session_id));
}

std::string CsrfTokens::before_sign_in(std::string_view nonce) const {
  return std::string(nonce) + '.' + make("before sign-in", nonce);
}

bool CsrfTokens::is_before_sign_in(std::string_view cookie) const {
  const auto nonce = cookie.substr(0, cookie.find('.'));
  return !nonce.empty() && equal(cookie, before_sign_in(nonce));
}

bool CsrfTokens::fits_before_sign_in(std::string_view token, std::string_view cookie) const {
  return is_before_sign_in(cookie) && equal(token, cookie);
}

bool is_from_our_site(const SiteClaims& claims, std::string_view issuer,
                      std::span<const std::string> others) {
  if (claims.has_origin) {
    return claims.origin == origin_of(issuer) ||
           std::find(others.begin(), others.end(), claims.origin) != others.end();
  }
  // `none`: typed or from a bookmark, which no state change ever is.
  return claims.sec_fetch_site.empty() || claims.sec_fetch_site == "same-origin";
}

std::string origin_of(std::string_view url) {
  const auto scheme = url.find("://");
  if (scheme == url.npos) return {};
  const auto end = url.find_first_of("/?#", scheme + 3);
  auto origin = base::fold_ascii(url.substr(0, end));
  for (const std::string_view usual : {":443", ":80"}) {
    const bool is_usual = (usual == ":443") == origin.starts_with("https:");
    if (is_usual && origin.ends_with(usual)) origin.resize(origin.size() - usual.size());
  }
  return origin;
}

}  // namespace authctl::server
