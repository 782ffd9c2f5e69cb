#include "core/store/store_url.h"

#include "core/base/error.h"
#include "core/base/text.h"

namespace authctl::store {
namespace {

// The part between `:` and `@` of the authority, and the value of a `password` parameter; empty views where
// absent.
struct Passwords {
  std::string_view in_authority, in_query;
};

Passwords find_passwords(std::string_view url) {
  Passwords found;
  const auto scheme = url.find("://");
  if (scheme == std::string_view::npos) return found;
  const auto start = scheme + 3;
  const auto authority = url.substr(start, std::min(url.find_first_of("/?#", start), url.size()) - start);
  // A password may hold an unescaped `/` or `?` by mistake: whatever stands before the last `@` is taken for
  // it.
  const auto at = url.rfind('@');
  const auto colon = url.find(':', start);
  if (at != std::string_view::npos && at > start && colon != std::string_view::npos && colon < at) {
    found.in_authority = url.substr(colon + 1, at - colon - 1);
  } else if (const auto end = authority.find('@'); end != std::string_view::npos) {
    const auto inner = authority.find(':');
    if (inner < end) found.in_authority = authority.substr(inner + 1, end - inner - 1);
  }
  for (auto from = url.find('?'); from != std::string_view::npos; from = url.find('&', from + 1)) {
    const auto pair = url.substr(from + 1, std::min(url.find('&', from + 1), url.size()) - from - 1);
    if (base::fold_ascii(pair.substr(0, 9)) == "password=") found.in_query = pair.substr(9);
    if (base::fold_ascii(pair.substr(0, 12)) == "sslpassword=") found.in_query = pair.substr(12);
  }
  return found;
}

}  // namespace

StoreUrl parse_store_url(std::string_view url) {
  if (url.starts_with("postgresql://") || url.starts_with("postgres://"))
    return {Engine::postgresql, std::string(url)};
  if (url.starts_with("sqlite:") && url.size() > 7) {
    const auto path = url.substr(7);
    if (path.find('\0') == std::string_view::npos) return {Engine::sqlite, std::string(path)};
  }
  throw base::Error(base::ErrorCode::usage, "not a store: " + base::quote(printable_url(url)),
                    "sqlite:PATH or postgresql://USER@HOST/DATABASE");
}

bool holds_password(std::string_view url) {
  const auto found = find_passwords(url);
  return !found.in_authority.empty() || !found.in_query.empty();
}

std::string printable_url(std::string_view url) {
  const auto found = find_passwords(url);
  std::string shown(url);
  // The later one first, so that the earlier one's place stays right.
  for (const auto part : {found.in_query, found.in_authority}) {
    if (!part.empty()) shown.replace(static_cast<std::size_t>(part.data() - url.data()), part.size(), "***");
  }
  return base::printable(shown);
}

}  // namespace authctl::store
