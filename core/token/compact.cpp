#include "core/token/compact.h"

#include <algorithm>

namespace authctl::token {
namespace {

namespace json = base::json;

constexpr double last_second = 253402300799;  // 9999-12-31T23:59:59Z

// RFC 7519 section 2: a JSON number of seconds, fractions allowed.
bool read_time(const json::value& value, std::optional<double>& out) {
  double seconds = 0;
  if (const auto* integer = value.if_int64()) {
    seconds = static_cast<double>(*integer);
  } else if (const auto* fraction = value.if_double()) {
    seconds = *fraction;
  } else {
    return false;  // an unsigned number that is no int64 is far beyond the year 9999
  }
  if (!(seconds >= 0 && seconds <= last_second)) return false;
  out = seconds * 1000;
  return true;
}

bool is_text_or_texts(const json::value& value) {
  if (value.is_string()) return true;
  const auto* array = value.if_array();
  return array &&
         std::all_of(array->begin(), array->end(), [](const auto& item) { return item.is_string(); });
}

bool keep_text(const json::value& value, const json::value*& out) {
  out = &value;
  return value.is_string();
}

// False where the claim is a registered one of the wrong kind.
bool read_claim(std::string_view name, const json::value& value, ClaimFields& fields) {
  if (name.size() == 4) {
    if (name == "type") fields.type = &value;
    return true;
  }
  if (name.size() != 3) return true;
  if (name == "exp") return read_time(value, fields.exp);
  if (name == "iat") return read_time(value, fields.iat);
  if (name == "nbf") return read_time(value, fields.nbf);
  if (name == "iss") return keep_text(value, fields.iss);
  if (name == "sub") return keep_text(value, fields.sub) && !value.get_string().empty();
  if (name == "jti") return value.is_string();
  if (name != "aud") return true;
  fields.aud = &value;
  return is_text_or_texts(value);
}

}  // namespace

std::optional<CompactToken> split_compact(std::string_view token, std::size_t max_bytes) {
  if (token.empty() || token.size() > max_bytes) return std::nullopt;
  const auto first = token.find('.');
  if (first == std::string_view::npos) return std::nullopt;
  const auto second = token.find('.', first + 1);
  if (second == std::string_view::npos) return std::nullopt;
  return CompactToken{token.substr(0, first), token.substr(first + 1, second - first - 1),
                      token.substr(second + 1), token.substr(0, second)};
}

std::optional<HeaderFields> read_header(const json::object& header) {
  HeaderFields fields;
  bool has_alg = false;
  for (const auto& member : header) {
    const std::string_view name = member.key();
    if (name == "crit" || name == "b64" || name == "zip") return std::nullopt;
    const bool wanted = name == "alg" || name == "kid" || name == "typ";
    if (!wanted) continue;
    if (!member.value().is_string()) return std::nullopt;
    const std::string_view text = member.value().get_string();
    if (name == "alg") fields.alg = text, has_alg = true;
    if (name == "kid") fields.kid = text, fields.has_kid = true;
    if (name == "typ") fields.typ = text;
  }
  return has_alg ? std::optional(fields) : std::nullopt;
}

std::optional<ClaimFields> read_claims(const json::object& claims) {
  ClaimFields fields;
  for (const auto& member : claims) {
    if (!read_claim(member.key(), member.value(), fields)) return std::nullopt;
  }
  return fields;
}

}  // namespace authctl::token
