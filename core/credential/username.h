// The two names a person signs in with, checked once, where they are made.
// Invariant: a Username is 1-64 of `a-z 0-9 . _ @ + ' -` and starts with a letter or digit; A-Z is folded,
// everything else is refused and never mapped, so that two spellings never meet in one account (RFC 8265
// section 3.3 has why). Names and e-mails share one namespace: what is looked up is the folded form.
#pragma once
#include <string>
#include <string_view>

namespace authctl::credential {

class Username {
 public:
  // Error invalid, with the rule, for anything that is not a name.
  static Username parse(std::string_view text);
  // Whether parse() would take it.
  static bool accepts(std::string_view text);
  const std::string& text() const { return text_; }  // folded

 private:
  explicit Username(std::string text) : text_(std::move(text)) {}
  std::string text_;
};

// One `@` with something on both sides, at most 254 bytes (RFC 5321 section 4.5.3.1), printable ASCII without
// blanks, quotes or brackets. Kept as it was given; compared folded.
class EmailAddress {
 public:
  static EmailAddress parse(std::string_view text);
  const std::string& text() const { return text_; }
  const std::string& folded() const { return folded_; }

 private:
  EmailAddress(std::string text, std::string folded) : text_(std::move(text)), folded_(std::move(folded)) {}
  std::string text_, folded_;
};

}  // namespace authctl::credential
