#include "core/credential/leak_text.h"

#include <algorithm>

#include "core/credential/leak_search.h"

namespace authctl::credential {
namespace {

constexpr std::size_t key_characters = 43;
constexpr std::size_t longest_lead = 64;  // of a line: blanks and marks of a quotation
constexpr char unknown = '\x1a';          // for what is not ASCII

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

bool is_special(char c) { return c == '\n' || c == '\0' || c == '\\' || c == '%' || c == '&' || c == '='; }
bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r'; }
bool is_quote(char c) { return c == '"' || c == '\''; }
// None of these is a character of base64, so no secret begins with one.
bool leads_line(char c) { return is_blank(c) || c == '>' || c == '|' || c == '#' || c == '*' || c == '\0'; }

}  // namespace

void LeakText::undo(std::string_view raw, Quotes quotes) {
  constexpr std::size_t slack = 64;  // copies are made in whole steps
  if (capacity_ < raw.size() + slack) {
    capacity_ = raw.size() + slack;
    buffer_ = std::make_unique_for_overwrite<char[]>(capacity_);
  }
  marks_.clear();
  keys_.clear();
  marks_.push_back({0, 0, 0, false});
  raw_ = raw;
  next_ = 0;
  line_ = 0;
  quotes_ = quotes;
  out_ = floor_ = buffer_.get();
  while (next_ < raw_.size()) {
    const auto plain = copy_to_special(raw_.substr(next_), out_);
    next_ += plain;
    out_ += plain;
    if (next_ < raw_.size()) special();
  }
  size_ = static_cast<std::size_t>(out_ - buffer_.get());
}

void LeakText::special() {
  switch (raw_[next_]) {
    case '\n':
      ++line_;
      return join_lines(next_ + 1);
    case '\\':
      return undo_backslashes();
    case '%':
      return undo_percent();
    case '&':
      return undo_entity();
    case '=':
      return undo_equals();
    default:
      return undo_zeros();
  }
}

// The text goes on with what stands at `next` in the dump.
void LeakText::go_on(std::size_t next, bool joint) {
  next_ = next;
  floor_ = out_;
  const auto at = static_cast<std::uint32_t>(out_ - buffer_.get());
  const Mark mark{at, static_cast<std::uint32_t>(next), line_, joint};
  if (marks_.back().at != at) {
    marks_.push_back(mark);
  } else {
    marks_.back() = {at, mark.raw, line_, joint || marks_.back().joint};
  }
}

void LeakText::drop_last_quote() {
  char* end = out_;
  while (end > floor_ && (is_blank(end[-1]) || end[-1] == '+' || end[-1] == ',')) --end;
  if (end > floor_ && is_quote(end[-1])) out_ = end - 1;
}

void LeakText::trim_end() {
  while (out_ > floor_ && is_blank(out_[-1])) --out_;
  if (out_ > floor_ && out_[-1] == '=') --out_;  // a soft break, or padding that nobody needs
  if (quotes_ == Quotes::drop) drop_last_quote();
}

void LeakText::join_lines(std::size_t next) {
  trim_end();
  const auto last = std::min(raw_.size(), next + longest_lead);
  while (next < last && (leads_line(raw_[next]) || (quotes_ == Quotes::drop && is_quote(raw_[next])))) ++next;
  go_on(next, true);
}

bool LeakText::literal_hex(std::size_t at, std::size_t digits, unsigned& value) const {
  if (raw_.size() - std::min(raw_.size(), at) < digits) return false;
  value = 0;
  for (std::size_t i = 0; i < digits; ++i) {
    const int digit = hex_digit(raw_[at + i]);
    if (digit < 0) return false;
    value = value * 16 + static_cast<unsigned>(digit);
  }
  return true;
}

// Noise may end in `%6`, and a secret that follows begin with a hex digit.
bool LeakText::swallows_secret(std::size_t next) const {
  const auto last = raw_.substr(next - 1);
  return last.starts_with("eyJ") || last.starts_with("authctl_");
}

// A character that was spelled with an escape that ends at `next`.
void LeakText::undo_character(unsigned value, std::size_t next) {
  if (value == '\n') return join_lines(next);
  if (value == '=') {
    put_equals();
  } else if (value != '\r' && value != 0) {
    put(value < 0x80 ? static_cast<char>(value) : unknown);
  }
  go_on(next, value == 0);
}

// However many there are: a text that was quoted twice has two for each.
void LeakText::undo_backslashes() {
  std::size_t at = next_;
  while (at < raw_.size() && raw_[at] == '\\') ++at;
  std::size_t end = at;
  while (end < raw_.size() && is_blank(raw_[end])) ++end;
  if (end < raw_.size() && raw_[end] == '\n') {  // a line that goes on
    ++line_;
    return join_lines(end + 1);
  }
  if (at == raw_.size()) return go_on(at, false);
  unsigned value = 0;
  switch (raw_[at]) {
    case 'n':
      return join_lines(at + 1);
    case 'r':
      return go_on(at + 1, false);
    case 't':
      put(' ');
      return go_on(at + 1, false);
    case 'u':
      if (literal_hex(at + 1, 4, value) && !swallows_secret(at + 5)) return undo_character(value, at + 5);
      break;
    case 'x':
      if (literal_hex(at + 1, 2, value) && !swallows_secret(at + 3)) return undo_character(value, at + 3);
      break;
    default:
      break;
  }
  go_on(at, false);  // \/ \" \-: the character itself
}

// %2E, and %252E of a text that was encoded twice.
void LeakText::undo_percent() {
  std::size_t at = next_ + 1;
  unsigned value = 0, inner = 0;
  if (!literal_hex(at, 2, value) || swallows_secret(at + 2)) {
    put('%');
    ++next_;
    return;
  }
  at += 2;
  while (value == '%' && literal_hex(at, 2, inner)) value = inner, at += 2;
  undo_character(value, at);
}

void LeakText::undo_entity() {
  static constexpr std::pair<std::string_view, char> named[] = {
      {"quot;", '"'}, {"apos;", '\''}, {"lt;", '<'}, {"gt;", '>'}, {"amp;", '&'}, {"nbsp;", ' '}};
  std::size_t at = next_ + 1;
  while (raw_.substr(at, 4) == "amp;") at += 4;
  for (const auto& [name, c] : named) {
    if (raw_.substr(at, name.size()) == name)
      return undo_character(static_cast<unsigned char>(c), at + name.size());
  }
  unsigned value = 0;
  const bool hex = raw_.substr(at, 2) == "#x";
  std::size_t digit = at + (hex ? 2 : 1);
  const std::size_t last = std::min(raw_.size(), digit + 6);
  for (; raw_.substr(at, 1) == "#" && digit < last && hex_digit(raw_[digit]) >= 0; ++digit)
    value = value * (hex ? 16 : 10) + static_cast<unsigned>(hex_digit(raw_[digit]));
  if (value != 0 && raw_.substr(digit, 1) == ";") return undo_character(value, digit + 1);
  put('&');
  ++next_;
}

// The two octets that quoted-printable cannot do without, and the ends of lines. Other digits behind `=` are
// most likely somebody's value.
void LeakText::undo_equals() {
  static constexpr std::pair<std::string_view, char> codes[] = {
      {"3D", '='}, {"0A", '\n'}, {"0D", '\r'}, {"20", ' '}, {"2E", '.'}};
  const auto digits = raw_.substr(next_ + 1, 2);
  for (const auto& [code, value] : codes)
    if (digits == code) return undo_character(static_cast<unsigned char>(value), next_ + 3);
  put_equals();
  ++next_;
}

void LeakText::put_equals() {
  const char* begin =
      out_ - std::min<std::size_t>(key_characters, static_cast<std::size_t>(out_ - buffer_.get()));
  const bool digits =
      std::all_of(std::reverse_iterator<const char*>(out_), std::reverse_iterator(begin), is_base64);
  if (digits && out_ - begin == key_characters)
    keys_.push_back(static_cast<std::uint32_t>(out_ - buffer_.get()));
  put('=');
}

// One is the other half of a UTF-16 character, or the end of a string; more of them part what is beside them.
void LeakText::undo_zeros() {
  const auto begin = next_;
  const auto end = std::min(raw_.find_first_not_of('\0', begin), raw_.size());
  if (end - begin > 1) {
    put('\0');
  } else if (out_ > floor_ && out_[-1] == '\r') {
    --out_;
  }
  const auto is_half = [&](std::size_t at) {
    return at + 1 < raw_.size() && raw_[at + 1] == '\0' && !is_special(raw_[at]) && raw_[at] != '\r';
  };
  const bool wide = end - begin == 1 && is_half(end);
  go_on(end, !wide);  // nothing ends within a UTF-16 text
  // The rest of it in one go.
  while (wide && is_half(next_) && (next_ + 2 == raw_.size() || raw_[next_ + 2] != '\0')) {
    put(raw_[next_]);
    go_on(next_ + 2, false);
  }
}

std::size_t LeakText::mark_before(std::size_t at) const {
  const auto after = std::upper_bound(marks_.begin(), marks_.end(), at,
                                      [](std::size_t wanted, const Mark& mark) { return wanted < mark.at; });
  return static_cast<std::size_t>(after - marks_.begin()) - 1;
}

LeakText::Place LeakText::place_of(std::size_t at) const {
  const auto& mark = marks_[mark_before(at)];
  return {mark.raw + (at - mark.at), mark.line};
}

std::size_t LeakText::at_raw(std::size_t raw) const {
  const auto after = std::upper_bound(marks_.begin(), marks_.end(), raw,
                                      [](std::size_t wanted, const Mark& mark) { return wanted < mark.raw; });
  if (after == marks_.begin()) return 0;
  const auto& mark = after[-1];
  const std::size_t next = after == marks_.end() ? size_ : after->at;
  return std::min(mark.at + (raw - mark.raw), next);
}

void LeakText::joints(std::size_t from, std::size_t to, std::size_t most,
                      std::vector<std::size_t>& out) const {
  for (auto i = mark_before(from) + 1; i < marks_.size() && marks_[i].at < to && most > 0; ++i) {
    if (!marks_[i].joint) continue;
    out.push_back(marks_[i].at);
    --most;
  }
}

std::size_t LeakText::plain_until(std::size_t at) const {
  const auto next = mark_before(at) + 1;
  return next < marks_.size() ? marks_[next].at : size_;
}

LeakText::Spelling LeakText::spelling(std::size_t from, std::size_t to) const {
  auto spelling = Spelling::plain;
  for (auto i = mark_before(from) + 1; i < marks_.size() && marks_[i].at < to; ++i) {
    if (!marks_[i].joint) return Spelling::escaped;
    spelling = Spelling::folded;
  }
  return spelling;
}

}  // namespace authctl::credential
