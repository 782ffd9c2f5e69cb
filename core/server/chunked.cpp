#include "core/server/chunked.h"

#include <algorithm>

namespace authctl::server {
namespace {

constexpr int most_digits = 8;
constexpr int longest_extension = 64;  // of one chunk; nobody needs any

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

void ChunkedBody::refuse(int status) {
  state_ = State::refused;
  status_ = status;
}

std::size_t ChunkedBody::feed(std::string_view bytes) {
  std::size_t at = 0;
  while (at < bytes.size() && state_ == State::incomplete) {
    if (part_ == Part::data) {
      const auto count = std::min<std::size_t>(bytes.size() - at, left_);
      body_.append(bytes.substr(at, count));
      at += count;
      left_ -= count;
      if (left_ == 0) part_ = Part::data_cr;
      continue;
    }
    take(bytes[at++]);
  }
  return at;
}

void ChunkedBody::take(char c) {
  const auto expect = [&](char wanted, Part next) { c == wanted ? void(part_ = next) : refuse(400); };
  switch (part_) {
    case Part::size:
      if (const int digit = hex_digit(c); digit >= 0) {
        if (++digits_ > most_digits) return refuse(400);
        left_ = left_ * 16 + static_cast<std::uint64_t>(digit);
        return;
      }
      if (digits_ == 0 || (c != ';' && c != '\r')) return refuse(400);
      if (left_ + body_.size() > limit_) return refuse(413);
      part_ = c == ';' ? Part::extension : Part::size_lf;
      return;
    case Part::extension:
      if (c == '\r') return void(part_ = Part::size_lf);
      if (++extension_ > longest_extension || c < 0x21 || c > 0x7e) return refuse(400);
      return;
    case Part::size_lf:
      return expect('\n', left_ == 0 ? Part::end_cr : Part::data);
    case Part::data_cr:
      return expect('\r', Part::data_lf);
    case Part::data_lf:
      digits_ = 0;
      extension_ = 0;
      return expect('\n', Part::size);
    case Part::end_cr:
      return expect('\r', Part::end_lf);  // anything else would be a trailer field
    case Part::end_lf:
      if (c != '\n') return refuse(400);
      state_ = State::complete;
      return;
    case Part::data:
      return;
  }
}

}  // namespace authctl::server
