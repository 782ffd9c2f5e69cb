#include "cli/json_text.h"

#include <cmath>
#include <cstdio>

#include "core/base/error.h"
#include "core/base/text.h"

namespace authctl::cli {
namespace {

namespace json = base::json;

void write_unit(std::ostream& out, unsigned unit) {
  char escape[16];
  std::snprintf(escape, sizeof escape, "\\u%04x", unit);
  out << escape;
}

void write_escaped(std::ostream& out, char32_t c) {
  if (c >= 0x10000) {
    write_unit(out, static_cast<unsigned>(0xd800 + ((c - 0x10000) >> 10)));
    write_unit(out, static_cast<unsigned>(0xdc00 + ((c - 0x10000) & 0x3ff)));
  } else {
    write_unit(out, static_cast<unsigned>(c));
  }
}

std::size_t length_of(std::string_view text) {
  const auto lead = static_cast<unsigned char>(text[0]);
  const std::size_t length = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
  return length <= text.size() && base::is_utf8(text.substr(0, length)) ? length : 0;
}

char32_t code_point(std::string_view sequence) {
  const auto lead = static_cast<unsigned char>(sequence[0]);
  char32_t value = sequence.size() == 1 ? lead : lead & (0xffu >> (sequence.size() + 1));
  for (std::size_t i = 1; i < sequence.size(); ++i)
    value = value << 6 | (static_cast<unsigned char>(sequence[i]) & 0x3fu);
  return value;
}

void write_character(std::ostream& out, std::string_view sequence) {
  switch (sequence[0]) {
    case '"':
      out << "\\\"";
      return;
    case '\\':
      out << "\\\\";
      return;
    case '\n':
      out << "\\n";
      return;
    case '\r':
      out << "\\r";
      return;
    case '\t':
      out << "\\t";
      return;
    default:
      break;
  }
  if (base::printable(sequence) == sequence) {
    out << sequence;
  } else {
    write_escaped(out, code_point(sequence));
  }
}

bool is_plain(std::string_view text) {
  for (const char c : text) {
    if (c < 0x20 || c > 0x7e || c == '"' || c == '\\') return false;
  }
  return true;
}

void new_line(std::ostream& out, const JsonStyle& style, std::size_t depth) {
  if (style.indented) out << '\n' << std::string(2 * depth, ' ');
}

template <class Sequence, class Write>
void write_sequence(std::ostream& out, const Sequence& items, char open, char close, JsonStyle style,
                    Write write) {
  out << open;
  bool first = true;
  for (const auto& item : items) {
    if (!first) out << ',';
    first = false;
    new_line(out, style, style.depth + 1);
    write(item, JsonStyle{style.indented, style.depth + 1});
  }
  if (!first) new_line(out, style, style.depth);
  out << close;
}

json::value value_in_shape(const commands::Field& field, json::value value, bool strict) {
  if (field.of == nullptr) return value;
  if (value.is_object()) return in_shape(*field.of, std::move(value.get_object()), strict);
  if (value.is_array()) {
    for (auto& element : value.get_array()) {
      if (element.is_object()) element = in_shape(*field.of, std::move(element.get_object()), strict);
    }
  }
  return value;
}

[[noreturn]] void out_of_shape(const commands::Shape& shape, std::string_view member, const char* what) {
  throw base::Error(base::ErrorCode::internal, std::string(what) + " member " + base::quote(member) +
                                                   " in the shape " + base::quote(shape.name));
}

}  // namespace

void write_json_string(std::ostream& out, std::string_view text) {
  out << '"';
  if (is_plain(text)) {
    out << text;
  } else {
    while (!text.empty()) {
      const std::size_t length = length_of(text);
      if (length == 0) {
        out << "\\ufffd";
        text.remove_prefix(1);
        continue;
      }
      write_character(out, text.substr(0, length));
      text.remove_prefix(length);
    }
  }
  out << '"';
}

void write_json(std::ostream& out, const json::value& value, JsonStyle style) {
  if (const auto* text = value.if_string()) return write_json_string(out, *text);
  if (const auto* array = value.if_array()) {
    return write_sequence(out, *array, '[', ']', style, [&](const json::value& element, JsonStyle inner) {
      write_json(out, element, inner);
    });
  }
  if (const auto* object = value.if_object()) {
    return write_sequence(out, *object, '{', '}', style, [&](const auto& member, JsonStyle inner) {
      write_json_string(out, member.key());
      out << (style.indented ? ": " : ":");
      write_json(out, member.value(), inner);
    });
  }
  if (value.is_double()) {
    const double number = value.get_double();
    const double rounded = std::nearbyint(number);
    char text[32];
    std::snprintf(text, sizeof text, rounded == number && std::abs(number) < 1e15 ? "%.0f" : "%.17g", number);
    out << text;
    return;
  }
  if (value.is_bool()) {
    out << (value.get_bool() ? "true" : "false");
  } else if (value.is_int64()) {
    out << value.get_int64();
  } else if (value.is_uint64()) {
    out << value.get_uint64();
  } else {
    out << "null";
  }
}

json::object in_shape(const commands::Shape& shape, json::object data, bool strict) {
  json::object ordered;
  ordered.reserve(shape.fields.size());
  for (const auto& field : shape.fields) {
    auto* value = data.if_contains(field.name);
    if (value == nullptr && strict) out_of_shape(shape, field.name, "missing");
    const bool forbidden_null = value != nullptr && value->is_null() && !field.nullable;
    if (forbidden_null && strict) out_of_shape(shape, field.name, "null in");
    ordered.emplace(field.name,
                    value == nullptr ? json::value() : value_in_shape(field, std::move(*value), strict));
  }
  if (strict && data.size() > ordered.size()) {
    for (const auto& member : data) {
      if (!ordered.contains(member.key())) out_of_shape(shape, member.key(), "unknown");
    }
  }
  return ordered;
}

}  // namespace authctl::cli
