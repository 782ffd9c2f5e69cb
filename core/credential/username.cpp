#include "core/credential/username.h"

#include <algorithm>

#include "core/base/error.h"
#include "core/base/text.h"

namespace authctl::credential {
namespace {

constexpr std::size_t longest_name = 64;
constexpr std::size_t longest_email = 254;

bool is_letter_or_digit(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }
bool may_stand_in_name(char c) {
  return is_letter_or_digit(c) || std::string_view("._@+'-").find(c) != std::string_view::npos;
}
bool is_name(std::string_view folded) {
  return !folded.empty() && folded.size() <= longest_name && is_letter_or_digit(folded.front()) &&
         std::all_of(folded.begin(), folded.end(), may_stand_in_name);
}
// What never stands unquoted in an address (RFC 5321 section 4.1.2), and what would break a mail header.
bool may_stand_in_email(char c) {
  return c > ' ' && c < 0x7f && std::string_view("\"(),:;<>[\\]").find(c) == std::string_view::npos;
}

}  // namespace

bool Username::accepts(std::string_view text) { return is_name(base::fold_ascii(text)); }

Username Username::parse(std::string_view text) {
  auto folded = base::fold_ascii(text);
  if (!is_name(folded))
    throw base::Error{base::ErrorCode::invalid, base::quote(text) + " is not a user name",
                      "1 to 64 of a-z 0-9 . _ @ + ' -, the first a letter or digit"};
  return Username(std::move(folded));
}

EmailAddress EmailAddress::parse(std::string_view text) {
  const auto at = text.find('@');
  const bool parts = at != std::string_view::npos && at > 0 && at + 1 < text.size() &&
                     text.find('@', at + 1) == std::string_view::npos;
  if (!parts || text.size() > longest_email || !std::all_of(text.begin(), text.end(), may_stand_in_email))
    throw base::Error{base::ErrorCode::invalid, base::quote(text) + " is not an e-mail address",
                      "name@example.com: ASCII, one @, no blanks, at most 254 bytes"};
  return EmailAddress(std::string(text), base::fold_ascii(text));
}

}  // namespace authctl::credential
