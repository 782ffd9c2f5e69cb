#include "core/base/yaml.h"

#include <yaml.h>

#include <array>
#include <unordered_set>

#include "core/base/error.h"
#include "core/base/json.h"
#include "core/base/text.h"

namespace authctl::base {
namespace {

[[noreturn]] void refuse(std::size_t line, const std::string& why, const std::string& hint = {}) {
  throw Error(ErrorCode::invalid, "line " + std::to_string(line) + ": " + why, hint);
}

class Event {
 public:
  Event() = default;
  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;
  ~Event() { yaml_event_delete(&event_); }
  yaml_event_t* operator->() { return &event_; }
  yaml_event_t* get() { return &event_; }
  std::size_t line() const { return event_.start_mark.line + 1; }

 private:
  yaml_event_t event_{};
};

std::string_view text_of(const yaml_char_t* bytes, std::size_t size) {
  return {reinterpret_cast<const char*>(bytes), size};
}

class Reader {
 public:
  Reader(std::string_view text, const YamlLimits& limits) : limits_(limits) {
    if (yaml_parser_initialize(&parser_) == 0) throw std::bad_alloc();
    yaml_parser_set_encoding(&parser_, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&parser_, reinterpret_cast<const unsigned char*>(text.data()), text.size());
  }
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;
  ~Reader() { yaml_parser_delete(&parser_); }

  YamlNode document() {
    expect(YAML_STREAM_START_EVENT);
    Event begin;
    next(begin);
    if (begin->type == YAML_STREAM_END_EVENT) refuse(1, "there is nothing in it");
    Event first;
    next(first);
    YamlNode root = node(first, 1);
    expect(YAML_DOCUMENT_END_EVENT);
    Event end;
    next(end);
    if (end->type != YAML_STREAM_END_EVENT) refuse(end.line(), "a second document begins here");
    return root;
  }

 private:
  void next(Event& event) {
    if (yaml_parser_parse(&parser_, event.get()) != 0) return;
    if (parser_.error == YAML_MEMORY_ERROR) throw std::bad_alloc();
    const bool marked = parser_.error != YAML_READER_ERROR;
    refuse(marked ? parser_.problem_mark.line + 1 : parser_.mark.line + 1,
           std::string("no YAML: ") + (parser_.problem != nullptr ? parser_.problem : "cannot be read"));
  }

  void expect(yaml_event_type_t type) {
    Event event;
    next(event);
    if (event->type != type) refuse(event.line(), "no YAML: something else was expected here");
  }

  YamlNode node(Event& event, std::size_t depth) {
    if (++nodes_ > limits_.max_nodes)
      refuse(event.line(), "more than " + std::to_string(limits_.max_nodes) + " values");
    if (depth > limits_.max_depth)
      refuse(event.line(), "nested deeper than " + std::to_string(limits_.max_depth) + " levels");
    YamlNode made;
    made.line = event.line();
    if (event->type == YAML_SCALAR_EVENT) {
      read_scalar(event, made);
    } else if (event->type == YAML_SEQUENCE_START_EVENT) {
      refuse_marks(event.line(), event->data.sequence_start.anchor, event->data.sequence_start.tag);
      read_list(made, depth);
    } else if (event->type == YAML_MAPPING_START_EVENT) {
      refuse_marks(event.line(), event->data.mapping_start.anchor, event->data.mapping_start.tag);
      read_map(made, depth);
    } else {
      refuse(event.line(), "aliases are not taken", "write it out");
    }
    return made;
  }

  static void refuse_marks(std::size_t line, const yaml_char_t* anchor, const yaml_char_t* tag) {
    if (anchor != nullptr) refuse(line, "anchors are not taken", "write it out where it is needed");
    if (tag != nullptr)
      refuse(line, "tags are not taken", "put a text that looks like something else in quotes");
  }

  static void read_scalar(Event& event, YamlNode& made) {
    const auto& scalar = event->data.scalar;
    refuse_marks(event.line(), scalar.anchor, scalar.tag);
    made.text = text_of(scalar.value, scalar.length);
    made.quoted = scalar.style != YAML_PLAIN_SCALAR_STYLE;
  }

  void read_list(YamlNode& made, std::size_t depth) {
    made.kind = YamlNode::Kind::list;
    for (;;) {
      Event event;
      next(event);
      if (event->type == YAML_SEQUENCE_END_EVENT) return;
      made.items.push_back(node(event, depth + 1));
    }
  }

  void read_map(YamlNode& made, std::size_t depth) {
    made.kind = YamlNode::Kind::map;
    std::unordered_set<std::string> names;
    for (;;) {
      Event event;
      next(event);
      if (event->type == YAML_MAPPING_END_EVENT) return;
      if (event->type != YAML_SCALAR_EVENT) refuse(event.line(), "the name of a member is a text");
      YamlNode name = node(event, depth + 1);
      if (!names.insert(name.text).second)
        refuse(name.line, "the member " + quote(name.text) + " stands twice");
      Event value;
      next(value);
      made.members.push_back({std::move(name.text), name.line, node(value, depth + 1)});
    }
  }

  yaml_parser_t parser_{};
  YamlLimits limits_;
  std::size_t nodes_ = 0;
};

std::optional<unsigned> hex4(std::string_view text) {
  unsigned value = 0;
  if (text.size() < 4) return std::nullopt;
  for (const char c : text.substr(0, 4)) {
    const auto digit =
        std::string_view("0123456789abcdef").find(static_cast<char>(c >= 'A' && c <= 'F' ? c + 32 : c));
    if (digit == std::string_view::npos) return std::nullopt;
    value = value * 16 + static_cast<unsigned>(digit);
  }
  return value;
}

// YAML refuses DEL, C1, U+FEFF and the like as they are, and takes NEL, U+2028 and U+2029 for ends of lines;
// JSON has them in strings, and nowhere else. Gives the bytes of such a character, 0 for any other.
std::size_t length_of_restricted(std::string_view text) {
  const auto byte = [&](std::size_t i) { return i < text.size() ? static_cast<std::uint8_t>(text[i]) : 0u; };
  if (byte(0) == 0x7f) return 1;
  if (byte(0) == 0xc2 && byte(1) < 0xa0) return 2;                               // U+0080 to U+009F
  if (byte(0) == 0xe2 && byte(1) == 0x80 && (byte(2) & 0xfe) == 0xa8) return 3;  // U+2028, U+2029
  if (byte(0) == 0xef && byte(1) == 0xbb && byte(2) == 0xbf) return 3;           // U+FEFF
  if (byte(0) == 0xef && byte(1) == 0xbf && byte(2) >= 0xbe) return 3;           // U+FFFE, U+FFFF
  return 0;
}

unsigned code_point(std::string_view utf8) {
  unsigned point = static_cast<std::uint8_t>(utf8[0]);
  if (utf8.size() > 1) point &= 0x7fu >> utf8.size();
  for (const char c : utf8.substr(1)) point = point << 6 | (static_cast<std::uint8_t>(c) & 0x3f);
  return point;
}

// JSON writes a character beyond 0xFFFF as two halves, \ud83d\ude00, where YAML has \U0001f600. In JSON every
// backslash stands in a string, and begins an escape.
std::string with_whole_escapes(std::string_view json) {
  std::string text;
  text.reserve(json.size());
  for (std::size_t at = 0; at < json.size(); ++at) {
    if (const auto length = length_of_restricted(json.substr(at)); length > 0) {
      std::array<char, 8> escape{};
      std::snprintf(escape.data(), escape.size(), "\\u%04x", code_point(json.substr(at, length)));
      text += escape.data();
      at += length - 1;
      continue;
    }
    text += json[at];
    if (json[at] != '\\' || at + 1 == json.size()) continue;
    const auto high = json[at + 1] == 'u' ? hex4(json.substr(at + 2)) : std::nullopt;
    if (high && *high >= 0xd800 && *high < 0xdc00 && json.size() >= at + 12) {
      const unsigned point = 0x10000 + ((*high - 0xd800) << 10) + (*hex4(json.substr(at + 8)) - 0xdc00);
      std::array<char, 12> whole{};
      std::snprintf(whole.data(), whole.size(), "U%08x", point);
      text += whole.data();
      at += 11;
    } else {
      text += json[++at];
    }
  }
  return text;
}

bool is_json(std::string_view text, const YamlLimits& limits) {
  const auto first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos || text[first] != '{') return false;
  return parse_json(text, {limits.max_bytes, limits.max_depth + 1}).has_value();
}

// Words and digits that some reader takes for something else than a text.
bool looks_like_something_else(std::string_view text) {
  static constexpr std::array words{"null", "true", "false", "yes", "no", "on", "off", "y", "n"};
  const auto folded = fold_ascii(text);
  if (std::ranges::find(words, folded) != words.end()) return true;
  return text.find_first_not_of("0123456789.:+-_exEXabcdefABCDEF") == std::string_view::npos &&
         text.find_first_of("0123456789") != std::string_view::npos;
}

bool is_plain(std::string_view text) {
  constexpr std::string_view safe = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._/+-@";
  if (text.empty() || text.front() == '-' || text.front() == '.' || text.front() == '@') return false;
  return text.find_first_not_of(safe) == std::string_view::npos && !looks_like_something_else(text);
}

}  // namespace

YamlNode parse_yaml(std::string_view text, const YamlLimits& limits) {
  if (text.size() > limits.max_bytes)
    throw Error(ErrorCode::invalid, "longer than " + std::to_string(limits.max_bytes) + " bytes", "split it");
  if (!is_utf8(text) || text.starts_with("\xef\xbb\xbf"))
    throw Error(ErrorCode::invalid, "not UTF-8 without a byte order mark", "save it as UTF-8");
  if (!is_json(text, limits)) return Reader(text, limits).document();
  const std::string whole = with_whole_escapes(text);
  return Reader(whole, limits).document();
}

std::string yaml_scalar(std::string_view text) {
  if (is_plain(text)) return std::string(text);
  std::string json;
  append_json_string(json, text);
  // Below 0x20 JSON has escaped; DEL, C1 and what a terminal acts on stand as YAML's own escapes.
  std::string out;
  for (std::size_t at = 0; at < json.size();) {
    std::size_t length = 1;
    while (length < 4 && at + length < json.size() && !is_utf8(std::string_view(json).substr(at, length)))
      ++length;
    const auto point = std::string_view(json).substr(at, length);
    const auto shown = printable(point);  // \u{…}
    if (shown == point) {
      out += point;
    } else {
      const auto digits = shown.substr(3, shown.size() - 4);
      out += "\\U" + std::string(8 - std::min<std::size_t>(8, digits.size()), '0') + digits;
    }
    at += length;
  }
  return out;
}

}  // namespace authctl::base
