#include "core/server/head.h"

#include <algorithm>

namespace authctl::server {
namespace {

constexpr std::size_t longest_method = 24;
constexpr std::size_t empty_lines_before = 2;

constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }
constexpr bool is_alpha(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

// RFC 9110 section 5.6.2.
constexpr bool is_tchar(char c) {
  return is_alpha(c) || is_digit(c) || std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
}
// RFC 9110 section 5.5: a visible character, a blank, or what is not ASCII.
constexpr bool is_value_char(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte == '\t' || (byte >= 0x20 && byte != 0x7f);
}
constexpr bool is_target_char(char c) { return c > 0x20 && c < 0x7f && c != '#'; }

template <class Test>
constexpr std::array<bool, 256> table_of(Test test) {
  std::array<bool, 256> table{};
  for (int i = 0; i < 256; ++i) table[static_cast<std::size_t>(i)] = test(static_cast<char>(i));
  return table;
}
constexpr auto tchars = table_of(is_tchar);
constexpr auto value_chars = table_of(is_value_char);
constexpr auto target_chars = table_of(is_target_char);
bool in(const std::array<bool, 256>& table, char c) { return table[static_cast<unsigned char>(c)]; }

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

constexpr std::array<std::string_view, known_count> known_names{"host",
                                                                "authorization",
                                                                "cookie",
                                                                "content-type",
                                                                "content-length",
                                                                "transfer-encoding",
                                                                "connection",
                                                                "expect",
                                                                "origin",
                                                                "sec-fetch-site",
                                                                "x-csrf-token",
                                                                "x-forwarded-proto",
                                                                "access-control-request-method",
                                                                "accept",
                                                                "user-agent"};

Known known_named(std::string_view name) {
  for (std::size_t i = 0; i < known_count; ++i) {
    if (known_names[i].size() == name.size() && equal_ignoring_case(name, known_names[i]))
      return static_cast<Known>(i);
  }
  return Known::none;
}

// `Transfer_Encoding`: some program behind or before us may take it for the real one.
bool is_framing_in_disguise(std::string_view name) {
  if (name.find('_') == std::string_view::npos) return false;
  const auto same = [&](std::string_view real) {
    return name.size() == real.size() &&
           std::equal(name.begin(), name.end(), real.begin(),
                      [](char a, char b) { return (a == '_' ? '-' : lower(a)) == b; });
  };
  return same("transfer-encoding") || same("content-length");
}

// Walks the bytes line by line. Throws nothing: the answers are values.
class Scanner {
 public:
  Scanner(std::string_view bytes, Head& head, const HeadLimits& limits)
      : bytes_(bytes), head_(head), limits_(limits) {}

  HeadScan run() {
    for (std::size_t i = 0; at_ < bytes_.size() && (bytes_[at_] == '\r' || bytes_[at_] == '\n'); ++i) {
      if (i == empty_lines_before) return refused(400);
      if (bytes_[at_] != '\r') return refused(400);
      if (at_ + 1 == bytes_.size()) return {};
      if (bytes_[at_ + 1] != '\n') return refused(400);
      at_ += 2;
    }
    start_ = at_;
    if (const int status = request_line(); status != 0) return outcome(status);
    while (true) {
      if (at_ + 1 < bytes_.size() && bytes_[at_] == '\r' && bytes_[at_ + 1] == '\n') break;
      if (const int status = field(); status != 0) return outcome(status);
    }
    at_ += 2;
    if (at_ - start_ > limits_.head) return refused(431);
    if (const int status = frame(); status != 0) return refused(status);
    return {HeadScan::State::complete, at_, 0};
  }

 private:
  static constexpr int more = -1;  // the bytes end first

  static HeadScan refused(int status) { return {HeadScan::State::refused, 0, status}; }
  HeadScan outcome(int status) const {
    if (status != more) return refused(status);
    if (bytes_.size() - start_ > limits_.head) return refused(431);
    return {};
  }

  // The end of a line is CR LF and nothing else.
  int end_of_line() {
    if (at_ == bytes_.size()) return more;
    if (bytes_[at_] != '\r') return 400;
    if (at_ + 1 == bytes_.size()) return more;
    if (bytes_[at_ + 1] != '\n') return 400;
    at_ += 2;
    return 0;
  }

  // RFC 9112 section 3: method SP request-target SP HTTP-version, single spaces.
  int request_line() {
    const std::size_t begin = at_;
    while (at_ < bytes_.size() && in(tchars, bytes_[at_])) ++at_;
    if (at_ - begin > longest_method) return 400;
    if (at_ == bytes_.size()) return more;
    if (at_ == begin || bytes_[at_] != ' ') return 400;
    head_.method = bytes_.substr(begin, at_ - begin);
    const std::size_t target = ++at_;
    while (at_ < bytes_.size() && in(target_chars, bytes_[at_])) ++at_;
    if (at_ - begin > limits_.line) return 414;
    if (at_ == bytes_.size()) return more;
    if (at_ == target || bytes_[at_] != ' ') return 400;
    head_.target = bytes_.substr(target, at_ - target);
    ++at_;
    return version();
  }

  int version() {
    constexpr std::string_view name = "HTTP/";
    const auto rest = bytes_.substr(at_, name.size() + 3);
    for (std::size_t i = 0; i < rest.size(); ++i) {
      const bool fits = i < name.size()        ? rest[i] == name[i]
                        : i == name.size() + 1 ? rest[i] == '.'
                                               : is_digit(rest[i]);
      if (!fits) return 400;
    }
    if (rest.size() < name.size() + 3) return more;
    at_ += rest.size();
    if (const int status = end_of_line(); status != 0) return status;
    head_.minor = rest.back() - '0';
    if (rest[name.size()] != '1' || head_.minor > 1) return 505;
    return 0;
  }

  // RFC 9112 section 5: field-name ":" OWS field-value OWS; a line that begins with a blank is obs-fold or
  // worse.
  int field() {
    const std::size_t begin = at_;
    while (at_ < bytes_.size() && in(tchars, bytes_[at_])) ++at_;
    if (at_ - start_ > limits_.head) return 431;
    if (at_ == bytes_.size()) return more;
    if (at_ == begin && bytes_[at_] == '\r') return at_ + 1 == bytes_.size() ? more : 400;
    if (at_ == begin || bytes_[at_] != ':') return 400;
    const auto name = bytes_.substr(begin, at_ - begin);
    std::size_t first = ++at_;
    while (at_ < bytes_.size() && in(value_chars, bytes_[at_])) ++at_;
    if (at_ - start_ > limits_.head) return 431;
    std::size_t last = at_;
    if (const int status = end_of_line(); status != 0) return status;
    const auto blank = [&](std::size_t i) { return bytes_[i] == ' ' || bytes_[i] == '\t'; };
    while (first < last && blank(first)) ++first;
    while (first < last && blank(last - 1)) --last;
    return keep({name, bytes_.substr(first, last - first)});
  }

  int keep(FieldLine line) {
    if (head_.field_count == most_fields) return 431;
    if (is_framing_in_disguise(line.name)) return 400;
    const Known known = known_named(line.name);
    head_.fields[head_.field_count++] = line;
    if (known == Known::none) return 0;
    auto& place = head_.places[static_cast<std::size_t>(known)];
    if (place != 0) {
      if (known == Known::accept)
        return 0;  // a list may stand in several lines; nobody decides by the second
      return 400;
    }
    place = static_cast<std::uint8_t>(head_.field_count);
    return 0;
  }

  int frame() {
    if (const int status = host_and_target(); status != 0) return status;
    if (const int status = body(); status != 0) return status;
    connection();
    if (!head_.has(Known::expect)) return 0;
    if (!equal_ignoring_case(head_.get(Known::expect), "100-continue")) return 417;
    head_.expects_continue = head_.minor == 1;
    return 0;
  }

  // RFC 9112 section 3.2. HTTP/1.0 knows no Host.
  int host_and_target() {
    const auto host = head_.get(Known::host);
    if (head_.has(Known::host) ? !is_authority(host) : head_.minor == 1) return 400;
    std::string_view rest = head_.target;
    if (rest.front() != '/') {
      if (rest == "*" && head_.method == "OPTIONS") {
        head_.path = rest;
        return 0;
      }
      const std::size_t scheme = rest.starts_with("http://") ? 7 : rest.starts_with("https://") ? 8 : 0;
      if (scheme == 0) return 400;
      rest.remove_prefix(scheme);
      const auto slash = std::min(rest.find('/'), rest.size());
      const auto authority = rest.substr(0, slash);
      if (authority.empty()) return 400;  // RFC 9110 section 4.2.1; of HTTP/1.0 no Host need differ from it
      if (!std::equal(authority.begin(), authority.end(), host.begin(), host.end(),
                      [](char a, char b) { return lower(a) == lower(b); })) {
        return 400;
      }
      rest.remove_prefix(slash);
      if (rest.empty()) rest = "/";
    }
    const auto mark = rest.find('?');
    head_.path = rest.substr(0, mark);
    head_.query = mark == std::string_view::npos ? std::string_view() : rest.substr(mark + 1);
    return 0;
  }

  // RFC 9112 section 6.3, of its cases only those that nobody can read otherwise.
  int body() {
    if (head_.has(Known::transfer_encoding)) {
      if (head_.has(Known::content_length) || head_.minor == 0) return 400;
      if (!equal_ignoring_case(head_.get(Known::transfer_encoding), "chunked")) return 400;
      head_.chunked = true;
      return 0;
    }
    if (!head_.has(Known::content_length)) return 0;
    const auto text = head_.get(Known::content_length);
    if (text.empty() || !std::all_of(text.begin(), text.end(), is_digit)) return 400;
    std::uint64_t length = 0;
    for (const char c : text) {
      length = length * 10 + static_cast<std::uint64_t>(c - '0');
      if (length > limits_.body) return 413;
    }
    head_.content_length = length;
    return 0;
  }

  // RFC 9112 section 9.3: the list of connection options.
  void connection() {
    head_.keep_alive = head_.minor == 1;
    std::string_view rest = head_.get(Known::connection);
    while (!rest.empty()) {
      const auto comma = std::min(rest.find(','), rest.size());
      auto option = rest.substr(0, comma);
      rest.remove_prefix(std::min(comma + 1, rest.size()));
      while (!option.empty() && (option.front() == ' ' || option.front() == '\t')) option.remove_prefix(1);
      while (!option.empty() && (option.back() == ' ' || option.back() == '\t')) option.remove_suffix(1);
      if (equal_ignoring_case(option, "close")) {
        head_.keep_alive = false;
        return;
      }
      if (equal_ignoring_case(option, "keep-alive")) head_.keep_alive = true;
    }
  }

  std::string_view bytes_;
  Head& head_;
  const HeadLimits& limits_;
  std::size_t at_ = 0, start_ = 0;
};

}  // namespace

bool equal_ignoring_case(std::string_view a, std::string_view lower_case) {
  return a.size() == lower_case.size() &&
         std::equal(a.begin(), a.end(), lower_case.begin(), [](char x, char y) { return lower(x) == y; });
}

bool is_authority(std::string_view text) {
  const auto ends_with_port = [&](std::size_t from) {
    if (from == text.size()) return true;
    const auto port = text.substr(from + 1);
    return text[from] == ':' && !port.empty() && port.size() <= 5 &&
           std::all_of(port.begin(), port.end(), is_digit);
  };
  std::size_t at = 0;
  if (text.starts_with('[')) {
    const auto close = text.find(']');
    if (close == std::string_view::npos || close < 3) return false;
    const auto inside = text.substr(1, close - 1);
    const bool fits = std::all_of(inside.begin(), inside.end(), [](char c) {
      return is_digit(c) || c == ':' || c == '.' || (lower(c) >= 'a' && lower(c) <= 'f');
    });
    return fits && ends_with_port(close + 1);
  }
  while (at < text.size() &&
         (is_alpha(text[at]) || is_digit(text[at]) || text[at] == '-' || text[at] == '.' || text[at] == '_'))
    ++at;
  return at > 0 && at <= 255 && ends_with_port(at);
}

std::optional<std::string_view> Head::next(std::string_view name, std::size_t& from) const {
  for (; from < field_count; ++from) {
    if (equal_ignoring_case(fields[from].name, name)) return fields[from++].value;
  }
  return std::nullopt;
}

HeadScan scan_head(std::string_view bytes, Head& head, const HeadLimits& limits) {
  head.field_count = 0;
  head.places.fill(0);
  head.chunked = head.expects_continue = false;
  head.content_length = 0;
  head.method = head.target = head.path = head.query = {};
  return Scanner(bytes, head, limits).run();
}

}  // namespace authctl::server
