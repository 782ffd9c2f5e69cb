// Cookies: the ones that come, read strictly (RFC 6265 section 4.2.1), and the ones we set. Invariant: a
// cookie of ours that stands twice, quoted, or with a byte that no value of ours has, is not there at all;
// every cookie we set has Secure and a prefix, and none has a Domain.
#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "core/base/clock.h"

namespace authctl::server {

inline constexpr std::string_view access_cookie = "__Host-authctl_access";
inline constexpr std::string_view refresh_cookie = "__Secure-authctl_refresh";
inline constexpr std::string_view csrf_cookie = "__Host-authctl_csrf";

// The value of the one cookie of this name in a Cookie field. Nothing where there is none, or where it cannot
// be one of ours: a browser that was made to send two of them must not choose for us.
std::optional<std::string_view> find_cookie(std::string_view field, std::string_view name);

struct CookieDraft {
  std::string_view name, value;
  std::string_view path = "/";
  bool readable = false;  // by scripts of the page: no HttpOnly
  bool lax = false;       // SameSite=Lax, for what must survive a navigation from another site
  std::optional<base::Duration> max_age;  // none: until the browser is closed; 0: gone
};
// The value of a Set-Cookie field.
std::string write_cookie(const CookieDraft& cookie);

}  // namespace authctl::server
