// Redirect URIs of clients, judged when they are registered, so that at sign-in a comparison of two texts is
// enough (RFC 9700 section 2.1, RFC 8252 sections 7.1, 7.3 and 8.4).
// Invariant: a registered URI is absolute, printable ASCII in its one spelling, and goes to https, to this
// machine (http on 127.0.0.1, [::1] or localhost), or to a program's own scheme that holds a dot
// (com.example.app:/cb).
#pragma once
#include <optional>
#include <string>
#include <string_view>

namespace authctl::credential {

inline constexpr std::size_t longest_redirect_uri = 2048;

// Nothing where it may be registered, else what is wrong with it: "holds a fragment".
std::optional<std::string> complaint_about_redirect_uri(std::string_view uri);

// Is this the URI that was registered? Exactly, save that for http on a loopback address any port will do
// (RFC 8252 section 7.3).
bool redirect_uri_matches(std::string_view registered, std::string_view requested);

}  // namespace authctl::credential
