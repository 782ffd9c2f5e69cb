#include <algorithm>

#include "core/credential/common_passwords_table.h"
#include "core/credential/password_policy.h"

namespace authctl::credential {

bool is_common_password(std::string_view folded) {
  if (folded.empty() || folded.find('\n') != std::string_view::npos) return false;
  const auto first_of = [](std::string_view block) { return block.substr(0, block.find('\n')); };
  // The last block that does not begin after it.
  const auto after =
      std::upper_bound(common_password_blocks.begin(), common_password_blocks.end(), folded,
                       [&](std::string_view word, std::string_view block) { return word < first_of(block); });
  if (after == common_password_blocks.begin()) return false;
  const std::string_view block = *(after - 1);
  // Lines of unequal length: halve the bytes, then step back to where a line begins.
  std::size_t low = 0, high = block.size();
  while (low < high) {
    const auto middle = low + (high - low) / 2;
    const auto newline = middle == 0 ? std::string_view::npos : block.rfind('\n', middle - 1);
    const auto start = newline == std::string_view::npos || newline < low ? low : newline + 1;
    const auto line = block.substr(start, block.find('\n', start) - start);
    if (line == folded) return true;
    if (line < folded)
      low = start + line.size() + 1;
    else
      high = start;
  }
  return false;
}

}  // namespace authctl::credential
