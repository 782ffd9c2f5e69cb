#include "core/service/line_reader.h"

#include <algorithm>
#include <cstring>

namespace authctl::service {

LineReader::LineReader(std::istream& in, std::size_t max_line, std::size_t block_size)
    : in_(in), max_line_(max_line), block_size_(block_size), buffer_(block_size, '\0') {}

bool LineReader::fill() {
  if (at_ < have_) return true;
  if (!in_) return false;
  in_.read(buffer_.data(), static_cast<std::streamsize>(buffer_.size()));
  have_ = static_cast<std::size_t>(in_.gcount());
  at_ = 0;
  return have_ > 0;
}

void LineReader::append(LineBlock& block, std::string_view part) {
  const std::size_t room = line_ > max_line_ ? 0 : max_line_ + 1 - line_;
  block.text.append(part.substr(0, std::min(room, part.size())));
  line_ += std::min(room, part.size());
}

bool LineReader::next(LineBlock& block) {
  block.text.clear();
  block.ends.clear();
  bool open = false;  // a line has begun and not ended yet
  while (open || block.text.size() < block_size_) {
    if (!fill()) {
      if (open) block.ends.push_back(block.text.size());
      line_ = 0;
      break;
    }
    const char* from = buffer_.data() + at_;
    const auto* newline = static_cast<const char*>(std::memchr(from, '\n', have_ - at_));
    const std::size_t size = newline ? static_cast<std::size_t>(newline - from) : have_ - at_;
    append(block, {from, size});
    at_ += size;
    open = !newline;
    if (!newline) continue;
    ++at_;
    block.ends.push_back(block.text.size());
    line_ = 0;
    // Empty lines take no room in the text, but they do in the answer.
    if (block.ends.size() >= block_size_ / 16) break;
  }
  return !block.ends.empty();
}

}  // namespace authctl::service
