// Where the token stands in a record of a stream: a line, a member of a JSON object on a line, or a cell of a
// CSV record that may span lines. Everything around it stays as it is, byte for byte. Invariant: a record is
// the bytes up to and with its line ending; all records in order are the stream. RFC 8259 (JSON), RFC 4180
// (CSV).
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace authctl::token {

enum class RecordForm { lines, json_lines, csv };

struct RecordLayout {
  RecordForm form = RecordForm::lines;
  std::string name;  // of the member or column
  // CSV: from the header record.
  std::size_t column = 0, columns = 0;
};

struct TokenPlace {
  enum class Kind { token, empty, bad };
  Kind kind = Kind::bad;
  std::size_t begin = 0, size = 0;     // in the record: what a new token takes the place of
  std::optional<std::string> spelled;  // the token, where the record spells it with escapes
  std::string_view problem;            // of a bad record: a word

  std::string_view token_in(std::string_view record) const {
    return spelled ? std::string_view(*spelled) : record.substr(begin, size);
  }
};

TokenPlace find_token(std::string_view record, const RecordLayout& layout);

// The size of the first line ending-terminated piece without its LF or CRLF.
std::string_view without_line_ending(std::string_view record);

// Takes column and columns from the header record; Error invalid where there is no such column, or two.
void read_csv_header(std::string_view record, RecordLayout& layout);

// Finds the ends of records in a stream that comes in blocks.
class RecordSplitter {
 public:
  explicit RecordSplitter(RecordForm form) : form_(form) {}
  // Scans on from `from`; the offset behind the next record's line ending, or nothing when the text ends
  // first. The text before `from` has been scanned.
  std::optional<std::size_t> next_end(std::string_view text, std::size_t from);
  // Line feeds since the last call (a CSV record may hold several).
  std::uint64_t take_lines();

 private:
  enum class State { field_start, plain, quoted, quote_in_quoted };
  RecordForm form_;
  State state_ = State::field_start;
  std::uint64_t lines_ = 0;
  bool begins_ = true;  // no record has ended yet
};

}  // namespace authctl::token
