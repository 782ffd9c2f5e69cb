// Rows in aligned columns. The widths come from the first rows, so that a list of any length can be streamed.
// Invariant: a value without blanks is never cut: ids and names can be copied; only prose is shortened, and
// only for a terminal that is too narrow.
#pragma once
#include <optional>
#include <ostream>
#include <string>
#include <vector>

namespace authctl::cli {

class Table {
 public:
  // `width`: columns to fit; nothing where the output is no terminal and may be as wide as it likes.
  Table(std::ostream& out, std::vector<std::string> titles, std::optional<std::size_t> width, bool colour);
  void add(std::vector<std::string> cells);  // already printable
  void finish();

 private:
  void settle();
  void print(const std::vector<std::string>& cells, bool is_title);

  std::ostream& out_;
  std::vector<std::string> titles_;
  std::optional<std::size_t> width_;
  bool colour_;
  std::vector<std::vector<std::string>> waiting_;
  std::vector<std::size_t> widths_;
  std::vector<bool> is_prose_;
  bool settled_ = false;
};

}  // namespace authctl::cli
