#include "core/service/access_pattern.h"

#include <algorithm>

#include "core/base/error.h"
#include "core/base/text.h"

namespace authctl::service {
namespace {

using base::Error;
using base::ErrorCode;
using base::quote;

constexpr std::string_view permission_separators = ":.";
constexpr std::string_view resource_separators = "/";
constexpr std::string_view small = "abcdefghijklmnopqrstuvwxyz0123456789";
constexpr std::string_view capital = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";

bool is_small(char c) { return small.find(c) != std::string_view::npos; }
bool is_capital(char c) { return capital.find(c) != std::string_view::npos; }
bool is_one_of(char c, std::string_view set) { return set.find(c) != std::string_view::npos; }

struct Segment {
  std::string_view text;
  char separator = 0;  // the one that follows; 0: it is the last
  bool last() const { return separator == 0; }
  bool any() const { return text == "*"; }
};

Segment take_segment(std::string_view& rest, std::string_view separators) {
  const auto end = rest.find_first_of(separators);
  if (end == std::string_view::npos) return {std::exchange(rest, {}), 0};
  const Segment segment{rest.substr(0, end), rest[end]};
  rest.remove_prefix(end + 1);
  return segment;
}

std::vector<Segment> split(std::string_view text, std::string_view separators) {
  std::vector<Segment> segments;
  do segments.push_back(take_segment(text, separators));
  while (!segments.back().last());
  return segments;
}

bool covers(std::string_view pattern, std::string_view asked, std::string_view separators) {
  for (;;) {
    const auto p = take_segment(pattern, separators);
    const auto a = take_segment(asked, separators);
    if (p.any() && p.last()) return true;
    if (a.any() && a.last()) return false;  // asks for all that follow, and the pattern does not give it
    if (!p.any() && p.text != a.text) return false;
    if (p.separator != a.separator) return false;  // also where one of them ends first
    if (p.last()) return true;
  }
}

bool is_permission(std::string_view text) {
  if (text.empty() || text.size() > 128) return false;
  return std::ranges::all_of(split(text, permission_separators), [](const Segment& segment) {
    return segment.any() || (!segment.text.empty() && std::ranges::all_of(segment.text, [](char c) {
             return is_small(c) || is_one_of(c, "_-");
           }));
  });
}

bool is_resource(std::string_view text) {
  if (text.size() > 256) return false;
  const auto segments = split(text, resource_separators);
  if (segments.size() < 2) return false;
  for (const auto& segment : segments) {
    if (segment.any()) continue;
    if (segment.text.empty() || segment.text == "." || segment.text == "..") return false;
    const bool kind = &segment == &segments.front();
    const auto fits = [kind](char c) {
      return is_small(c) || is_one_of(c, "._-") || (!kind && (is_capital(c) || is_one_of(c, ":@+=,~")));
    };
    if (!std::ranges::all_of(segment.text, fits)) return false;
  }
  return true;
}

// Every pattern that covers `asked`: each segment itself or `*`, in full or cut short by a last `*`.
// `prefixes` are the generalisations of the segments so far, separators included.
std::optional<std::vector<std::string>> generalise(std::string_view asked, std::string_view separators,
                                                   std::size_t most) {
  std::vector<std::string> found;
  std::vector<std::string> prefixes{""};
  for (const auto& segment : split(asked, separators)) {
    for (const auto& prefix : prefixes) found.push_back(prefix + "*");
    if (segment.last()) {
      if (!segment.any())
        for (const auto& prefix : prefixes) found.push_back(prefix + std::string(segment.text));
      break;
    }
    std::vector<std::string> longer;
    for (const auto& prefix : prefixes) {
      longer.push_back(prefix + "*" + segment.separator);
      if (!segment.any()) longer.push_back(prefix + std::string(segment.text) + segment.separator);
    }
    prefixes = std::move(longer);
    if (found.size() + prefixes.size() > most) return std::nullopt;
  }
  if (found.size() > most) return std::nullopt;
  return found;
}

}  // namespace

std::optional<Permission> Permission::parse(std::string_view text) {
  if (!is_permission(text)) return std::nullopt;
  return Permission(Checked{}, text);
}

Permission::Permission(std::string_view text) : text_(text) {
  if (!is_permission(text))
    throw Error(ErrorCode::invalid, "not a permission: " + quote(text),
                "1 to 128 of a-z 0-9 _ - in segments apart by : or . where * stands for a whole segment, "
                "for example read:posts or read:*");
}

std::optional<Resource> Resource::parse(std::string_view text) {
  if (text == "*") return Resource(Checked{}, "*/*");
  if (!is_resource(text)) return std::nullopt;
  return Resource(Checked{}, text);
}

Resource::Resource(std::string_view text) {
  auto parsed = parse(text);
  if (!parsed)
    throw Error(ErrorCode::invalid, "not a resource: " + quote(text),
                "kind/id, where * stands for a whole segment, for example post/42 or post/*");
  text_ = std::move(parsed->text_);
}

std::optional<Resource> parse_resource_option(const std::string& text) {
  if (text.empty()) return std::nullopt;
  return Resource(text);
}

std::string parse_role_name(std::string_view text) {
  std::string name = base::fold_ascii(text);
  const auto fits = [](char c) { return is_small(c) || is_one_of(c, "._@+'-"); };
  if (name.empty() || name.size() > 64 || !is_small(name.front()) || !std::ranges::all_of(name, fits))
    throw Error(ErrorCode::invalid, "not a role name: " + quote(text),
                "1 to 64 of a-z 0-9 . _ @ + ' - beginning with a letter or digit");
  return name;
}

bool permission_covers(std::string_view pattern, std::string_view asked) {
  return covers(pattern, asked, permission_separators);
}

bool grant_allows(std::string_view granted, std::string_view asked) {
  return granted == everything || permission_covers(granted, asked);
}

bool resource_covers(std::string_view pattern, std::string_view asked) {
  if (pattern.empty()) return true;
  return !asked.empty() && covers(pattern, asked, resource_separators);
}

std::optional<std::string> intersect_resources(std::string_view a, std::string_view b) {
  if (a.empty()) return std::string(b);
  if (b.empty()) return std::string(a);
  std::string both;
  for (;;) {
    if (a == "*") return both.append(b);  // a last `*`: all that the other still says
    if (b == "*") return both.append(a);
    const auto x = take_segment(a, resource_separators);
    const auto y = take_segment(b, resource_separators);
    if (!x.any() && !y.any() && x.text != y.text) return std::nullopt;
    if (x.separator != y.separator) return std::nullopt;
    both.append(x.any() ? y.text : x.text);
    if (x.last()) return both;
    both.push_back(x.separator);
  }
}

std::optional<std::vector<std::string>> granting_permissions(std::string_view asked, std::size_t most) {
  auto found = generalise(asked, permission_separators, most - 1);
  if (found && std::ranges::find(*found, everything) == found->end()) found->emplace_back(everything);
  return found;
}

std::optional<std::vector<std::string>> covering_resources(std::string_view asked, std::size_t most) {
  std::vector<std::string> found{""};
  if (asked.empty()) return found;
  auto patterns = generalise(asked, resource_separators, most);
  if (!patterns) return std::nullopt;
  std::erase(*patterns, "*");  // stored as `*/*`
  std::ranges::move(*patterns, std::back_inserter(found));
  return found;
}

}  // namespace authctl::service
