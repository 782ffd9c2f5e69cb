#include "core/base/url.h"

#include <utility>
#include <vector>

#include "core/base/text.h"

namespace authctl::base {
namespace {

using Span = std::pair<std::size_t, std::size_t>;  // start, length

// Between the first `:` of the user part and the last `@` of the authority.
void find_in_authority(std::string_view url, std::size_t start, std::vector<Span>& found) {
  const std::size_t end = std::min(url.find_first_of("/?#", start), url.size());
  // A password may hold an unescaped / or ?: whatever stands before the last @ of the text is user and
  // password.
  const std::size_t at = std::max(url.substr(0, end).rfind('@') + 1, url.rfind('@') + 1);
  if (at <= start) return;
  const std::size_t colon = url.find(':', start);
  if (colon < at - 1 && colon + 1 < at - 1) found.push_back({colon + 1, at - 1 - colon - 1});
}

void find_in_query(std::string_view url, std::size_t start, std::vector<Span>& found) {
  std::size_t from = url.find('?', start);
  while (from != std::string_view::npos && ++from < url.size()) {
    const std::size_t end = std::min(url.find('&', from), url.size());
    const std::string_view part = url.substr(from, end - from);
    const std::size_t equals = part.find('=');
    const std::string name = fold_ascii(part.substr(0, std::min(equals, part.size())));
    if (equals != std::string_view::npos && equals + 1 < part.size() &&
        name.find("password") != std::string::npos) {
      found.push_back({from + equals + 1, part.size() - equals - 1});
    }
    from = end == url.size() ? std::string_view::npos : end;
  }
}

std::vector<Span> passwords_in(std::string_view url) {
  std::vector<Span> found;
  const std::size_t scheme = url.find("://");
  if (scheme == std::string_view::npos) return found;
  find_in_authority(url, scheme + 3, found);
  if (found.empty()) find_in_query(url, scheme + 3, found);
  return found;
}

}  // namespace

bool holds_password(std::string_view url) { return !passwords_in(url).empty(); }

std::string without_password(std::string_view url) {
  std::string shown{url};
  const auto found = passwords_in(url);
  for (auto it = found.rbegin(); it != found.rend(); ++it) shown.replace(it->first, it->second, "***");
  return shown;
}

}  // namespace authctl::base
