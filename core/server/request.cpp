#include "core/server/request.h"

#include "core/base/error.h"

namespace authctl::server {
namespace {

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::string decode(std::string_view text) {
  std::string plain;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] == '+') {
      plain += ' ';
    } else if (text[at] != '%') {
      plain += text[at];
    } else {
      const int high = at + 2 < text.size() ? hex_digit(text[at + 1]) : -1;
      const int low = high >= 0 ? hex_digit(text[at + 2]) : -1;
      if (low < 0) throw base::Error(base::ErrorCode::invalid, "a percent sign without two digits");
      plain += static_cast<char>(high * 16 + low);
      at += 2;
    }
  }
  return plain;
}

}  // namespace

base::json::object json_body(const Request& request) {
  auto value = base::parse_json(request.body);
  if (value && value->is_object()) return std::move(value->as_object());
  throw base::Error(base::ErrorCode::usage, "the body is no JSON object");
}

std::optional<std::string> form_value(std::string_view encoded, std::string_view name) {
  std::optional<std::string> found;
  while (!encoded.empty()) {
    const auto end = std::min(encoded.find('&'), encoded.size());
    const auto pair = encoded.substr(0, end);
    encoded.remove_prefix(std::min(end + 1, encoded.size()));
    const auto equals = std::min(pair.find('='), pair.size());
    if (decode(pair.substr(0, equals)) != name) continue;
    if (found) throw base::Error(base::ErrorCode::invalid, "a parameter that stands twice");
    found = decode(equals == pair.size() ? std::string_view() : pair.substr(equals + 1));
  }
  return found;
}

}  // namespace authctl::server
