#include "core/server/cookie.h"

#include <algorithm>

namespace authctl::server {
namespace {

// RFC 6265's cookie-octet, without what no value of ours ever needs.
bool is_value(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return c > ' ' && c < 0x7f && c != '"' && c != ',' && c != ';' && c != '\\';
  });
}

}  // namespace

std::optional<std::string_view> find_cookie(std::string_view field, std::string_view name) {
  std::optional<std::string_view> found;
  while (!field.empty()) {
    const auto end = field.find(';');
    auto pair = field.substr(0, end);
    field = end == field.npos ? std::string_view() : field.substr(end + 1);
    while (pair.starts_with(' ') || pair.starts_with('\t')) pair.remove_prefix(1);
    while (pair.ends_with(' ') || pair.ends_with('\t')) pair.remove_suffix(1);
    const auto equals = pair.find('=');
    if (equals == pair.npos || pair.substr(0, equals) != name) continue;
    if (found || !is_value(pair.substr(equals + 1))) return std::nullopt;
    found = pair.substr(equals + 1);
  }
  return found;
}

std::string write_cookie(const CookieDraft& cookie) {
  std::string text(cookie.name);
  text += '=';
  text += cookie.value;
  text += "; Path=";
  text += cookie.path;
  if (cookie.max_age) text += "; Max-Age=" + std::to_string(cookie.max_age->count());
  text += "; Secure";
  if (!cookie.readable) text += "; HttpOnly";
  text += cookie.lax ? "; SameSite=Lax" : "; SameSite=Strict";
  return text;
}

}  // namespace authctl::server
