// The head of a request, read strictly before anything else sees it: request line, fields, and how the body
// is framed. Invariant: a head that is accepted has one reading; whatever two parsers could read differently
// is refused (RFC 9112 sections 2.2, 3, 5, 6; RFC 9110 section 5). Pure: bytes in, views into the same bytes
// out.
//
// Where the RFC leaves a choice, this refuses: a bare CR or LF, obs-fold, a repeated or listed
// Content-Length, Content-Length beside Transfer-Encoding, any coding but `chunked`, two Hosts, an absolute
// target of another host, and a field whose name is a framing field spelled with underscores.
#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace authctl::server {

struct HeadLimits {
  std::size_t line = 8192;     // request line: 414
  std::size_t head = 16384;    // all of it: 431
  std::uint64_t body = 65536;  // 413
};
inline constexpr std::size_t most_fields = 96;

// Fields that the server looks at; each may stand once, or the request is refused.
enum class Known : std::uint8_t {
  host,
  authorization,
  cookie,
  content_type,
  content_length,
  transfer_encoding,
  connection,
  expect,
  origin,
  sec_fetch_site,
  csrf_token,
  forwarded_proto,
  access_control_request_method,
  accept,
  user_agent,
  none
};
inline constexpr std::size_t known_count = static_cast<std::size_t>(Known::none);

struct FieldLine {
  std::string_view name, value;  // the name as it was sent, the value without blanks around it
};

struct Head {
  std::string_view method, target;
  std::string_view path, query;  // of the target, still encoded; the query without its `?`
  int minor = 1;                 // of HTTP/1.x
  bool keep_alive = true;
  bool chunked = false;
  bool expects_continue = false;
  std::uint64_t content_length = 0;
  std::array<FieldLine, most_fields> fields;
  std::size_t field_count = 0;
  std::array<std::uint8_t, known_count> places{};  // place in `fields` plus one; 0: not sent

  bool has_body() const { return chunked || content_length > 0; }
  bool has(Known which) const { return places[static_cast<std::size_t>(which)] != 0; }
  std::string_view get(Known which) const {
    const auto place = places[static_cast<std::size_t>(which)];
    return place == 0 ? std::string_view() : fields[place - 1U].value;
  }
  // The next field of this name (lower case) from `from` on, which is moved behind it.
  std::optional<std::string_view> next(std::string_view name, std::size_t& from) const;
};

struct HeadScan {
  enum class State { incomplete, complete, refused };
  State state = State::incomplete;
  std::size_t size = 0;  // of a complete head, with its empty line and what stood before it
  int status = 0;        // of a refusal: 400, 413, 414, 417, 431, 505
};

// Reads `bytes` from their beginning; up to two empty lines before the request line are skipped.
HeadScan scan_head(std::string_view bytes, Head& head, const HeadLimits& limits = {});

bool equal_ignoring_case(std::string_view a, std::string_view lower);
// Host or an authority: a name, an IPv4 address or a bracketed IPv6 one, and a port.
bool is_authority(std::string_view text);

}  // namespace authctl::server
