// Rows in aligned columns. The widths come from the first rows, so that a list of any length can be streamed.
// Invariant: a word is never broken, so that ids, names and commands can be copied. On a terminal that is too
// narrow, times are told short and prose goes on below itself; where that is not enough, a row takes several
// lines.
#pragma once
#include <optional>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

namespace authctl::cli {

// All of it is printable already.
struct Cell {
  std::string text;
  std::string more = {};         // stands behind it where there is room for that in every row: "(3d ago)"
  std::string less = {};         // stands for it where there is no room: "3d ago"
  std::string_view colour = {};  // an escape sequence; empty: none
};

class Table {
 public:
  // `width`: columns to fit; nothing where the output is no terminal and may be as wide as it likes.
  Table(std::ostream& out, std::vector<std::string> titles, std::optional<std::size_t> width, bool colour);
  void add(std::vector<Cell> cells);
  void finish();

 private:
  using Row = std::vector<Cell>;
  // Columns that stand on one line; more than one where the terminal is too narrow for all.
  struct Line {
    std::size_t first, end, indent;
  };

  enum class Telling { less, plain, more };

  static std::string text_of(const Cell& cell, Telling telling);
  std::vector<std::size_t> measure(Telling telling) const;
  bool fits(const std::vector<std::size_t>& widths) const;
  void settle();
  bool shrink();
  void part();
  void print(const Row& cells, bool is_title);
  void print_line(const Line& line, const Row& cells, bool is_title);

  std::ostream& out_;
  Row titles_;
  std::optional<std::size_t> width_;
  bool colour_;
  std::vector<Row> waiting_;
  std::vector<std::size_t> widths_;
  std::vector<Line> lines_;
  Telling telling_ = Telling::plain;
  bool settled_ = false;
};

}  // namespace authctl::cli
