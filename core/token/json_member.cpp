#include "core/token/json_member.h"

#include "core/base/json.h"

namespace authctl::token {
namespace {

constexpr int max_depth = 64;

// Walks over JSON text. Each step gives false where the text is no JSON.
class Walker {
 public:
  explicit Walker(std::string_view text) : text_(text) {}
  std::size_t position() const { return at_; }
  bool at_end() {
    skip_blanks();
    return at_ == text_.size();
  }
  bool take(char c) {
    skip_blanks();
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  bool next_is(char c) {
    skip_blanks();
    return at_ < text_.size() && text_[at_] == c;
  }

  // From the opening quote to behind the closing one.
  bool skip_string(bool& escaped) {
    if (!take('"')) return false;
    for (; at_ < text_.size(); ++at_) {
      const auto c = static_cast<unsigned char>(text_[at_]);
      if (c == '"') {
        ++at_;
        return true;
      }
      if (c < 0x20) return false;
      if (c == '\\') {
        escaped = true;
        if (!skip_escape()) return false;
      }
    }
    return false;
  }

  bool skip_value(int depth = 0) {
    skip_blanks();
    if (depth > max_depth || at_ >= text_.size()) return false;
    bool escaped = false;
    switch (text_[at_]) {
      case '"':
        return skip_string(escaped);
      case '{':
        return skip_object(depth);
      case '[':
        return skip_array(depth);
      case 't':
        return skip_word("true");
      case 'f':
        return skip_word("false");
      case 'n':
        return skip_word("null");
      default:
        return skip_number();
    }
  }

 private:
  void skip_blanks() {
    while (at_ < text_.size() &&
           (text_[at_] == ' ' || text_[at_] == '\t' || text_[at_] == '\n' || text_[at_] == '\r')) {
      ++at_;
    }
  }
  // Leaves the position on the last character of the escape.
  bool skip_escape() {
    ++at_;
    if (at_ >= text_.size()) return false;
    if (text_[at_] != 'u') return std::string_view("\"\\/bfnrt").find(text_[at_]) != std::string_view::npos;
    for (int i = 0; i < 4; ++i) {
      ++at_;
      if (at_ >= text_.size()) return false;
      if (std::string_view("0123456789abcdefABCDEF").find(text_[at_]) == std::string_view::npos) return false;
    }
    return true;
  }
  bool skip_word(std::string_view word) {
    if (!text_.substr(at_).starts_with(word)) return false;
    at_ += word.size();
    return true;
  }
  std::size_t skip_digits() {
    const std::size_t start = at_;
    while (at_ < text_.size() && text_[at_] >= '0' && text_[at_] <= '9') ++at_;
    return at_ - start;
  }
  bool skip_number() {
    if (text_[at_] == '-') ++at_;
    const bool zero = at_ < text_.size() && text_[at_] == '0';
    const std::size_t whole = skip_digits();
    if (whole == 0 || (zero && whole > 1)) return false;
    if (at_ < text_.size() && text_[at_] == '.') {
      ++at_;
      if (skip_digits() == 0) return false;
    }
    if (at_ < text_.size() && (text_[at_] == 'e' || text_[at_] == 'E')) {
      ++at_;
      if (at_ < text_.size() && (text_[at_] == '+' || text_[at_] == '-')) ++at_;
      if (skip_digits() == 0) return false;
    }
    return true;
  }
  bool skip_object(int depth) {
    take('{');
    if (take('}')) return true;
    do {
      bool escaped = false;
      skip_blanks();
      if (!skip_string(escaped) || !take(':') || !skip_value(depth + 1)) return false;
    } while (take(','));
    return take('}');
  }
  bool skip_array(int depth) {
    take('[');
    if (take(']')) return true;
    do {
      if (!skip_value(depth + 1)) return false;
    } while (take(','));
    return take(']');
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

// `quoted` with its quotes.
std::optional<std::string> unescaped(std::string_view quoted) {
  const auto value = base::parse_json(quoted, {.max_bytes = quoted.size()});
  if (!value || !value->is_string()) return std::nullopt;
  return std::string(value->as_string());
}

}  // namespace

JsonMember find_json_member(std::string_view line, std::string_view name) {
  Walker walker(line);
  JsonMember found;
  found.kind = JsonMember::Kind::missing;
  const JsonMember malformed;
  if (!walker.take('{')) return malformed;
  bool more = !walker.take('}');
  while (more) {
    bool escaped = false;
    walker.next_is('"');  // over the blanks
    const std::size_t key_at = walker.position();
    if (!walker.skip_string(escaped)) return malformed;
    const auto quoted_key = line.substr(key_at, walker.position() - key_at);
    const auto spelled_key =
        escaped ? unescaped(quoted_key) : std::string(quoted_key.substr(1, quoted_key.size() - 2));
    if (!spelled_key || !walker.take(':')) return malformed;
    const bool is_string = walker.next_is('"'), is_null = walker.next_is('n');
    const std::size_t value_at = walker.position();
    escaped = false;
    if (!(is_string ? walker.skip_string(escaped) : walker.skip_value(1))) return malformed;
    if (*spelled_key == name) {
      if (found.kind != JsonMember::Kind::missing) {
        found.kind = JsonMember::Kind::twice;
      } else {
        found.kind = is_string ? JsonMember::Kind::string
                     : is_null ? JsonMember::Kind::null
                               : JsonMember::Kind::other;
        if (is_string) {
          found.begin = value_at + 1;
          found.size = walker.position() - value_at - 2;
          if (escaped) found.spelled = unescaped(line.substr(value_at, found.size + 2));
          if (escaped && !found.spelled) return malformed;
        }
      }
    }
    more = walker.take(',');
    if (!more && !walker.take('}')) return malformed;
  }
  return walker.at_end() ? found : malformed;
}

}  // namespace authctl::token
