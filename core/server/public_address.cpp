#include "core/server/public_address.h"

#include "core/base/error.h"
#include "core/base/text.h"
#include "core/credential/redirect_uri.h"
#include "core/server/csrf.h"

namespace authctl::server {
namespace {

using base::Error;
using base::ErrorCode;

// What a client may register is what we ask of ourselves, but for schemes of programs.
bool is_web_address(std::string_view url) {
  return (url.starts_with("https://") || url.starts_with("http://")) && url.find('?') == url.npos &&
         !credential::complaint_about_redirect_uri(url);
}

}  // namespace

void refuse_bad_issuer(std::string_view issuer) {
  if (is_web_address(issuer)) return;
  throw Error(
      ErrorCode::usage,
      "the issuer is " + base::quote(issuer) + ": it has to be an https URL without query or fragment",
      "AUTHCTL_ISSUER=https://auth.example.com; http only for localhost, while developing");
}

void refuse_bad_origins(std::span<const std::string> origins) {
  for (const auto& origin : origins) {
    if (is_web_address(origin) && origin == origin_of(origin)) continue;
    throw Error(ErrorCode::usage,
                "AUTHCTL_CORS_ORIGINS holds " + base::quote(origin) + ", which is no origin of a web page",
                "name each in full, as browsers write it: https://app.example.com");
  }
}

}  // namespace authctl::server
