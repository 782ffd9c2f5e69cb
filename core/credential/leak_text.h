// A dump as its secrets were before somebody folded, quoted or escaped them. Lines are joined (with what
// mail, comments and string literals put at their ends and beginnings taken away), escapes of URLs, JSON, C,
// HTML and quoted-printable are undone, however often a text was escaped; UTF-16 comes out as ASCII.
// Invariants: letters and digits that stand side by side in the dump do so here; the text is never longer
// than the dump; each character's place in the dump is known. RFC 3986 section 2.1, RFC 8259 section 7, RFC
// 2045 section 6.7.
#pragma once
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

namespace authctl::credential {

class LeakText {
 public:
  // Quotes at the end and the beginning of lines: of string literals that follow each other, or of JSON.
  enum class Quotes { drop, keep };
  enum class Spelling { plain, folded, escaped };
  struct Place {
    std::size_t raw;     // offset in the dump
    std::uint32_t line;  // line feeds before it
  };

  // What was there before is gone. At most 4 GiB.
  void undo(std::string_view raw, Quotes quotes = Quotes::drop);

  std::string_view text() const { return {buffer_.get(), size_}; }
  Place place_of(std::size_t at) const;
  // The first character that comes from `raw` or behind it.
  std::size_t at_raw(std::size_t raw) const;
  // Where lines were joined strictly between the two, at most `most` of them, added to `out`.
  void joints(std::size_t from, std::size_t to, std::size_t most, std::vector<std::size_t>& out) const;
  Spelling spelling(std::size_t from, std::size_t to) const;
  // What stands from `at` up to there stands so in the dump.
  std::size_t plain_until(std::size_t at) const;
  // Behind each run of 43 or more base64 characters that `=` follows: the form of 32 bytes, or of what ends
  // in them.
  const std::vector<std::uint32_t>& keys() const { return keys_; }

 private:
  // From here on the text is the dump, up to the next mark.
  struct Mark {
    std::uint32_t at, raw, line;
    bool joint;
  };
  std::size_t mark_before(std::size_t at) const;
  void copy_plain();
  void special();
  void undo_backslashes();
  void undo_percent();
  void undo_entity();
  void undo_equals();
  void undo_zeros();
  void undo_character(unsigned value, std::size_t next);
  void join_lines(std::size_t next);
  void trim_end();
  void drop_last_quote();
  void put(char c) { *out_++ = c; }
  void put_equals();
  void go_on(std::size_t next, bool joint);
  bool swallows_secret(std::size_t next) const;
  bool literal_hex(std::size_t at, std::size_t digits, unsigned& value) const;

  std::unique_ptr<char[]> buffer_;
  std::size_t capacity_ = 0, size_ = 0;
  std::vector<Mark> marks_;
  std::vector<std::uint32_t> keys_;
  // While it runs:
  std::string_view raw_;
  std::size_t next_ = 0;
  char *out_ = nullptr, *floor_ = nullptr;  // nothing before the floor changes any more
  std::uint32_t line_ = 0;
  Quotes quotes_ = Quotes::drop;
};

}  // namespace authctl::credential
