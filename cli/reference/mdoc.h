// A manual page in the making, in the mdoc language of mandoc and groff (mdoc(7)). Invariant: text never
// becomes markup: what would be a request, an escape or a macro is written so that it is none.
#pragma once
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

namespace authctl::cli {

class Mdoc {
 public:
  // `date`: "November 26, 2026".
  Mdoc(const std::string& title, int section, const std::string& date, const std::string& name,
       const std::string& about);

  void section(std::string_view title);
  void subsection(std::string_view title);
  // Prose; what stands between back quotes is set as a literal.
  void text(std::string_view prose);
  void paragraph();
  // A line of macros; words are protected, macros are not: macro(".It", "Fl", words).
  void macro(const std::string& line) { out_ += line + "\n"; }
  void begin_list(std::string_view kind) { macro(".Bl " + std::string(kind)); }
  void end_list() { macro(".El"); }
  void display(const std::vector<std::string>& lines);
  void see_also(std::vector<std::pair<std::string, int>> pages);

  std::string take() { return std::move(out_); }

 private:
  std::string out_;
};

// A word for the line of a macro: quoted where it would part or be taken for a macro.
std::string mdoc_word(std::string_view word);

}  // namespace authctl::cli
