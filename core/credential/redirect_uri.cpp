#include "core/credential/redirect_uri.h"

#include <algorithm>
#include <charconv>

namespace authctl::credential {
namespace {

bool is_small(char c) { return c >= 'a' && c <= 'z'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_hex(char c) { return is_digit(c) || (c >= 'A' && c <= 'F') || (c >= 'a' && c <= 'f'); }
bool is_one_of(char c, std::string_view set) { return set.find(c) != std::string_view::npos; }

// RFC 3986 sections 2.2 and 2.3, without `*`, which people mean as a wildcard.
bool is_uri_character(char c) {
  return is_small(c) || (c >= 'A' && c <= 'Z') || is_digit(c) || is_one_of(c, "-._~:/?#[]@!$&'()+,;=%");
}

struct Parts {
  std::string_view scheme, authority, path;  // path: with what follows a `?`
  bool has_authority = false;
};

std::optional<Parts> split(std::string_view uri) {
  const auto colon = uri.find(':');
  if (colon == std::string_view::npos || colon == 0) return std::nullopt;
  Parts parts;
  parts.scheme = uri.substr(0, colon);
  std::string_view rest = uri.substr(colon + 1);
  if (rest.starts_with("//")) {
    parts.has_authority = true;
    rest.remove_prefix(2);
    const auto end = std::min(rest.find_first_of("/?"), rest.size());
    parts.authority = rest.substr(0, end);
    rest.remove_prefix(end);
  }
  parts.path = rest;
  return parts;
}

struct Address {
  std::string_view host;
  std::optional<std::string_view> port;
};

Address split_address(std::string_view authority) {
  const auto bracket = authority.starts_with('[') ? authority.find(']') : 0;
  const auto colon = bracket == std::string_view::npos ? bracket : authority.find(':', bracket);
  if (colon == std::string_view::npos) return {authority, std::nullopt};
  return {authority.substr(0, colon), authority.substr(colon + 1)};
}

bool is_port(std::string_view text) {
  unsigned number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc{} && end == text.data() + text.size() && number > 0 && number < 65536 &&
         text.front() != '0';
}

bool is_loopback_address(std::string_view host) { return host == "127.0.0.1" || host == "[::1]"; }

// A name of labels in lower case, an IPv4 address, or an IPv6 address in brackets.
bool is_host(std::string_view host) {
  if (host.starts_with('[')) {
    return host.size() > 3 && host.ends_with(']') &&
           std::ranges::all_of(host.substr(1, host.size() - 2),
                               [](char c) { return is_digit(c) || (c >= 'a' && c <= 'f') || c == ':'; });
  }
  if (host.empty() || host.size() > 253) return false;
  while (!host.empty()) {
    const auto label = host.substr(0, host.find('.'));
    const auto fits = [](char c) { return is_small(c) || is_digit(c) || c == '-'; };
    if (label.empty() || label.size() > 63 || label.front() == '-' || label.back() == '-' ||
        !std::ranges::all_of(label, fits))
      return false;
    if (label.size() + 1 == host.size()) return false;  // ends in a dot
    host.remove_prefix(std::min(host.size(), label.size() + 1));
  }
  return true;
}

std::optional<std::string> complaint_about_path(std::string_view path) {
  for (std::size_t at = path.find('%'); at != std::string_view::npos; at = path.find('%', at + 1)) {
    const auto code = path.substr(at + 1, 2);
    if (code.size() < 2 || !is_hex(code[0]) || !is_hex(code[1])) return "has a % that begins no escape";
    unsigned byte = 0;
    std::from_chars(code.data(), code.data() + 2, byte, 16);
    if (byte < 0x20 || byte == 0x7f) return "holds a control character";
    if (is_one_of(static_cast<char>(byte), "./\\#*")) return "hides a . / \\ # or * in an escape";
  }
  path = path.substr(0, path.find('?'));
  while (!path.empty()) {
    const auto segment = path.substr(0, path.find('/'));
    if (segment == "." || segment == "..") return "holds a . or .. segment";
    path.remove_prefix(std::min(path.size(), segment.size() + 1));
  }
  return std::nullopt;
}

std::optional<std::string> complaint_about_authority(const Parts& parts) {
  if (!parts.has_authority || parts.authority.empty()) return "names no host";
  if (parts.authority.find('@') != std::string_view::npos) return "holds a user name";
  const auto address = split_address(parts.authority);
  if (address.port && !is_port(*address.port)) return "has a port that is none";
  if (!is_host(address.host)) return "has a host that is none; names are in lower case";
  if (parts.scheme == "http" && !is_loopback_address(address.host) && address.host != "localhost")
    return "is plain http to another machine; https, or http on 127.0.0.1, [::1] or localhost";
  return std::nullopt;
}

// RFC 8252 section 7.1: a scheme of one's own is a domain name turned round, so it holds a dot.
std::optional<std::string> complaint_about_private_scheme(const Parts& parts) {
  const auto fits = [](char c) { return is_small(c) || is_digit(c) || is_one_of(c, ".-+"); };
  const bool own = is_small(parts.scheme.front()) && std::ranges::all_of(parts.scheme, fits) &&
                   parts.scheme.find('.') != std::string_view::npos && !parts.scheme.ends_with('.') &&
                   parts.scheme.find("..") == std::string_view::npos;
  if (!own) return "has a scheme that is refused; https, loopback http, or one such as com.example.app";
  if (parts.path.empty() && parts.authority.empty()) return "names no path";
  if (parts.has_authority && !is_host(parts.authority)) return "has a host that is none";
  return std::nullopt;
}

// `registered` and `requested` without their ports, where both are http on a loopback address.
std::optional<std::string> without_port(std::string_view uri) {
  const auto parts = split(uri);
  if (!parts || parts->scheme != "http") return std::nullopt;
  const auto address = split_address(parts->authority);
  if (!is_loopback_address(address.host) || (address.port && !is_port(*address.port))) return std::nullopt;
  return std::string(address.host).append(parts->path);
}

}  // namespace

std::optional<std::string> complaint_about_redirect_uri(std::string_view uri) {
  if (uri.empty()) return "is empty";
  if (uri.size() > longest_redirect_uri) return "is longer than 2048 bytes";
  if (uri.find('*') != std::string_view::npos) return "holds a wildcard; every URI is named in full";
  if (uri.find('#') != std::string_view::npos) return "holds a fragment";
  if (!std::ranges::all_of(uri, is_uri_character)) return "holds a character that a URI cannot hold";
  const auto parts = split(uri);
  if (!parts || parts->scheme.find_first_of("/?") != std::string_view::npos) return "is not absolute";
  if (parts->path.find_first_of("[]") != std::string_view::npos) return "holds a bracket outside an address";
  const bool web = parts->scheme == "https" || parts->scheme == "http";
  if (auto complaint = web ? complaint_about_authority(*parts) : complaint_about_private_scheme(*parts))
    return complaint;
  return complaint_about_path(parts->path);
}

bool redirect_uri_matches(std::string_view registered, std::string_view requested) {
  if (registered == requested) return true;
  const auto ours = without_port(registered);
  return ours && ours == without_port(requested);
}

}  // namespace authctl::credential
