// Text as other programs break it into lines.
#pragma once
#include <string>
#include <string_view>

namespace authctl::test {

// `fold` after every `width` characters, and none at the end.
inline std::string folded(std::string_view text, std::size_t width, std::string_view fold) {
  std::string out;
  for (std::size_t at = 0; at < text.size(); at += width) {
    if (at != 0) out += fold;
    out += text.substr(at, width);
  }
  return out;
}

}  // namespace authctl::test
