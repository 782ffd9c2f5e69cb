// Lines of a stream in blocks of about a fixed size.
// Invariant: a line that is longer than the limit is cut to one byte more than it, so that it is seen to be
// too long and yet never held whole.
#pragma once
#include <istream>
#include <string>
#include <vector>

namespace authctl::service {

struct LineBlock {
  std::string text;
  std::vector<std::size_t> ends;  // of each line in `text`, its newline not counted in
};

class LineReader {
 public:
  LineReader(std::istream& in, std::size_t max_line, std::size_t block_size);
  // False at the end. LF ends a line and belongs to none; a last line without one counts.
  bool next(LineBlock& block);

 private:
  bool fill();
  void append(LineBlock& block, std::string_view part);

  std::istream& in_;
  std::size_t max_line_, block_size_;
  std::string buffer_;
  std::size_t at_ = 0, have_ = 0;
  std::size_t line_ = 0;  // bytes of the current line so far
};

}  // namespace authctl::service
