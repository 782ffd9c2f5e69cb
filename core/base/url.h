// The password in a store or Redis URL: noticed in argv, where everybody can read it, and never shown.
#pragma once
#include <string>
#include <string_view>

namespace authctl::base {

// `scheme://user:password@host/…`, or a query parameter `password` (libpq has both).
bool holds_password(std::string_view url);
// The URL with `***` where its password stood.
std::string without_password(std::string_view url);

}  // namespace authctl::base
