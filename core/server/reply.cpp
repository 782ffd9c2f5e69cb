#include "core/server/reply.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <ctime>

#include "core/base/error.h"

namespace authctl::server {
namespace {

// OWASP ASVS 5.0 section 3.4. On every answer, errors too.
constexpr std::string_view security_fields =
    "Strict-Transport-Security: max-age=31536000; includeSubDomains\r\n"
    "X-Content-Type-Options: nosniff\r\n"
    "X-Frame-Options: DENY\r\n"
    "Referrer-Policy: strict-origin-when-cross-origin\r\n";
constexpr std::string_view page_policy =
    "Content-Security-Policy: default-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action "
    "'self'\r\n";

struct StatusText {
  int status;
  std::string_view reason;  // RFC 9110 section 15
  std::string_view error;   // for a person, where nobody said anything better
};
constexpr std::array texts{
    StatusText{200, "OK", ""},
    StatusText{201, "Created", ""},
    StatusText{202, "Accepted", ""},
    StatusText{204, "No Content", ""},
    StatusText{301, "Moved Permanently", ""},
    StatusText{302, "Found", ""},
    StatusText{303, "See Other", ""},
    StatusText{304, "Not Modified", ""},
    StatusText{400, "Bad Request", "Malformed request"},
    StatusText{401, "Unauthorized", "Not authenticated"},
    StatusText{403, "Forbidden", "Insufficient permissions"},
    StatusText{404, "Not Found", "Not found"},
    StatusText{405, "Method Not Allowed", "Method not allowed"},
    StatusText{408, "Request Timeout", "Request timed out"},
    StatusText{409, "Conflict", "Conflict"},
    StatusText{413, "Content Too Large", "Body too large"},
    StatusText{414, "URI Too Long", "Request line too long"},
    StatusText{415, "Unsupported Media Type", "Unsupported media type"},
    StatusText{417, "Expectation Failed", "Unknown expectation"},
    StatusText{421, "Misdirected Request", "Plain HTTP is not served here"},
    StatusText{422, "Unprocessable Content", "Validation failed"},
    StatusText{429, "Too Many Requests", "Too many requests. Try again later."},
    StatusText{431, "Request Header Fields Too Large", "Header fields too large"},
    StatusText{500, "Internal Server Error", "Internal error"},
    StatusText{503, "Service Unavailable", "Service unavailable. Try again later."},
    StatusText{505, "HTTP Version Not Supported", "HTTP version not supported"},
};

const StatusText& text_of(int status) {
  const auto found =
      std::find_if(texts.begin(), texts.end(), [&](const auto& text) { return text.status == status; });
  if (found == texts.end())
    throw base::Error(base::ErrorCode::internal, "no text for status " + std::to_string(status));
  return *found;
}

void append_number(std::string& out, std::size_t number) {
  std::array<char, 20> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
  out.append(digits.data(), end);
}

void append_field(std::string& out, std::string_view name, std::string_view value) {
  if (value.find_first_of(std::string_view("\r\n\0", 3)) != std::string_view::npos) {
    throw base::Error(base::ErrorCode::internal, "a field value holds a line end");
  }
  out.append(name).append(": ").append(value).append("\r\n");
}

void append_status_line(std::string& out, int status) {
  if (status == 200) return void(out += "HTTP/1.1 200 OK\r\n");
  if (status == 204) return void(out += "HTTP/1.1 204 No Content\r\n");
  out += "HTTP/1.1 ";
  append_number(out, static_cast<std::size_t>(status));
  out.append(" ").append(text_of(status).reason).append("\r\n");
}

}  // namespace

std::string_view reason_of(int status) { return text_of(status).reason; }

Reply json_reply(int status, const base::json::object& body) {
  return {.status = status, .type = json_type, .body = base::json::serialize(body)};
}

Reply error_reply(int status, std::string_view text) {
  auto reply = json_reply(status, {{"error", text.empty() ? text_of(status).error : text}});
  if (status == 401) reply.with("WWW-Authenticate", "Bearer");  // RFC 9110 section 15.5.2
  return reply;
}

Reply busy_reply() {
  auto reply = error_reply(503);
  reply.with("Retry-After", "1");
  return reply;
}

void write_reply(std::string& out, const Reply& reply, const Framing& framing) {
  const auto content = reply.content();
  append_status_line(out, reply.status);
  if (!framing.date.empty()) out.append("Date: ").append(framing.date).append("\r\n");
  out += security_fields;
  if (reply.page) out += page_policy;
  if (reply.no_store) out += "Cache-Control: no-store\r\n";
  for (const auto& [name, value] : reply.fields) append_field(out, name, value);
  if (reply.lines) out += *reply.lines;
  out += framing.extra;
  if (!reply.type.empty()) out.append("Content-Type: ").append(reply.type).append("\r\n");
  if (reply.status != 204 && reply.status != 304) {
    out += "Content-Length: ";
    append_number(out, content.size());
    out += "\r\n";
  }
  if (!framing.keep_alive) {
    out += "Connection: close\r\n";
  } else if (framing.minor == 0) {
    out += "Connection: keep-alive\r\n";
  }
  out += "\r\n";
  if (!framing.head_only) out += content;
}

std::string http_date(std::int64_t unix_seconds) {
  const std::time_t seconds = unix_seconds;
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  std::array<char, 40> text{};
  const auto size = std::strftime(text.data(), text.size(), "%a, %d %b %Y %H:%M:%S GMT", &parts);
  return {text.data(), size};
}

}  // namespace authctl::server
