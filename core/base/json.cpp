#include "core/base/json.h"

#include <algorithm>
#include <boost/json/basic_parser_impl.hpp>
#include <boost/json/value_stack.hpp>
#include <cmath>

#include "core/base/error.h"

namespace authctl::base {
namespace {

// Builds a value from the parser's events and counts the members it was told of, so that one swallowed by an
// equal name is noticed at the end without a table of names.
class Builder {
 public:
  static constexpr std::size_t max_object_size = static_cast<std::size_t>(-1) >> 1;
  static constexpr std::size_t max_array_size = max_object_size;
  static constexpr std::size_t max_key_size = max_object_size;
  static constexpr std::size_t max_string_size = max_object_size;
  using error_code = boost::system::error_code;

  Builder(json::storage_ptr memory, unsigned char* scratch, std::size_t scratch_size)
      : stack_({}, scratch, scratch_size) {
    stack_.reset(std::move(memory));
  }

  json::value release() { return stack_.release(); }
  std::size_t members() const { return members_; }

  bool on_document_begin(error_code&) { return true; }
  bool on_document_end(error_code&) { return true; }
  bool on_object_begin(error_code&) { return true; }
  bool on_object_end(std::size_t count, error_code&) {
    members_ += count;
    stack_.push_object(count);
    return true;
  }
  bool on_array_begin(error_code&) { return true; }
  bool on_array_end(std::size_t count, error_code&) {
    stack_.push_array(count);
    return true;
  }
  bool on_key_part(std::string_view part, std::size_t, error_code&) {
    stack_.push_chars(part);
    return true;
  }
  bool on_key(std::string_view part, std::size_t, error_code&) {
    stack_.push_key(part);
    return true;
  }
  bool on_string_part(std::string_view part, std::size_t, error_code&) {
    stack_.push_chars(part);
    return true;
  }
  bool on_string(std::string_view part, std::size_t, error_code&) {
    stack_.push_string(part);
    return true;
  }
  bool on_number_part(std::string_view, error_code&) { return true; }
  bool on_int64(std::int64_t value, std::string_view, error_code&) {
    stack_.push_int64(value);
    return true;
  }
  bool on_uint64(std::uint64_t value, std::string_view, error_code&) {
    stack_.push_uint64(value);
    return true;
  }
  bool on_double(double value, std::string_view, error_code& error) {
    if (!std::isfinite(value)) {
      error = json::error::not_number;
      return false;
    }
    stack_.push_double(value);
    return true;
  }
  bool on_bool(bool value, error_code&) {
    stack_.push_bool(value);
    return true;
  }
  bool on_null(error_code&) {
    stack_.push_null();
    return true;
  }
  bool on_comment_part(std::string_view, error_code&) { return true; }
  bool on_comment(std::string_view, error_code&) { return true; }

 private:
  json::value_stack stack_;
  std::size_t members_ = 0;
};

std::size_t count_members(const json::value& value) {
  std::size_t count = 0;
  if (const auto* object = value.if_object()) {
    count = object->size();
    for (const auto& member : *object) count += count_members(member.value());
  } else if (const auto* array = value.if_array()) {
    for (const auto& item : *array) count += count_members(item);
  }
  return count;
}

void append_canonical(std::string& out, const json::value& value) {
  switch (value.kind()) {
    case json::kind::null:
      out += "null";
      return;
    case json::kind::bool_:
      out += value.get_bool() ? "true" : "false";
      return;
    case json::kind::int64:
      out += std::to_string(value.get_int64());
      return;
    case json::kind::uint64:
      out += std::to_string(value.get_uint64());
      return;
    case json::kind::double_:
      throw Error(ErrorCode::internal, "a fraction has no canonical form here");
    case json::kind::string:
      append_json_string(out, value.get_string());
      return;
    case json::kind::array: {
      char separator = '[';
      for (const auto& item : value.get_array()) {
        out += separator;
        append_canonical(out, item);
        separator = ',';
      }
      if (separator == '[') out += '[';
      out += ']';
      return;
    }
    case json::kind::object: {
      std::vector<const json::key_value_pair*> members;
      for (const auto& member : value.get_object()) members.push_back(&member);
      // Bytewise order of UTF-8; RFC 8785 orders by UTF-16 units, which only differs beyond the basic plane.
      std::sort(members.begin(), members.end(), [](auto* a, auto* b) { return a->key() < b->key(); });
      char separator = '{';
      for (const auto* member : members) {
        out += separator;
        append_json_string(out, member->key());
        out += ':';
        append_canonical(out, member->value());
        separator = ',';
      }
      if (separator == '{') out += '{';
      out += '}';
      return;
    }
  }
}

}  // namespace

std::optional<json::value> parse_json(std::string_view text, const JsonLimits& limits,
                                      json::storage_ptr memory) {
  if (text.size() > limits.max_bytes) return std::nullopt;
  unsigned char scratch[2048];
  json::parse_options options;
  options.max_depth = limits.max_depth;
  json::basic_parser<Builder> parser(options, std::move(memory), scratch, sizeof scratch);
  boost::system::error_code error;
  const std::size_t used = parser.write_some(false, text.data(), text.size(), error);
  if (error || used != text.size()) return std::nullopt;
  json::value value = parser.handler().release();
  if (parser.handler().members() != count_members(value)) return std::nullopt;
  return value;
}

void append_json_string(std::string& out, std::string_view text) {
  constexpr char digits[] = "0123456789abcdef";
  out += '"';
  std::size_t plain = 0;  // where the run that needs no escape began
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (static_cast<unsigned char>(c) >= 0x20 && c != '"' && c != '\\') continue;
    out.append(text, plain, i - plain);
    plain = i + 1;
    switch (c) {
      case '"':
        out += "\\\"";
        break;
      case '\\':
        out += "\\\\";
        break;
      case '\b':
        out += "\\b";
        break;
      case '\f':
        out += "\\f";
        break;
      case '\n':
        out += "\\n";
        break;
      case '\r':
        out += "\\r";
        break;
      case '\t':
        out += "\\t";
        break;
      default:
        out += "\\u00";
        out += digits[(c >> 4) & 15];
        out += digits[c & 15];
    }
  }
  out.append(text, plain, text.size() - plain);
  out += '"';
}

std::string canonical_json(const json::value& value) {
  std::string out;
  append_canonical(out, value);
  return out;
}

}  // namespace authctl::base
