#include "cli/reference/mdoc.h"

#include <algorithm>
#include <cstdio>

namespace authctl::cli {
namespace {

// "\\[u2026]": both mandoc and groff read it, whatever the locale.
std::string character_name(std::string_view& rest) {
  const auto lead = static_cast<unsigned char>(rest[0]);
  const std::size_t size = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  char32_t code = lead & (0xffU >> (size + 1));
  for (std::size_t i = 1; i < size && i < rest.size(); ++i)
    code = (code << 6) | (static_cast<unsigned char>(rest[i]) & 0x3fU);
  rest.remove_prefix(std::min(size, rest.size()) - 1);
  char name[16];
  std::snprintf(name, sizeof name, "\\[u%04X]", static_cast<unsigned>(code));
  return name;
}

// A back slash begins an escape; a bare hyphen may become a typographic one and then no longer be copied.
std::string escaped(std::string_view text, bool literal) {
  std::string out;
  for (; !text.empty(); text.remove_prefix(1)) {
    const char c = text[0];
    if (c == '\\') {
      out += "\\e";
    } else if (c == '-' && literal) {
      out += "\\-";
    } else if (static_cast<unsigned char>(c) >= 0xc0) {
      out += character_name(text);
    } else {
      out += c;
    }
  }
  return out;
}

// A point or an apostrophe at the beginning of a line is a request.
std::string as_line(std::string line) {
  return line.starts_with('.') || line.starts_with('\'') ? "\\&" + line : line;
}

// One line a sentence, as mdoc wants it.
std::vector<std::string> sentences(std::string_view prose) {
  std::vector<std::string> lines(1);
  bool in_literal = false;
  for (std::size_t i = 0; i < prose.size(); ++i) {
    if (prose[i] == '`') in_literal = !in_literal;
    const bool ends = i > 1 && prose[i] == ' ' && prose[i - 1] == '.' && prose[i - 2] != ' ' && !in_literal;
    if (ends) {
      lines.emplace_back();
    } else {
      lines.back() += prose[i];
    }
  }
  return lines;
}

// Input lines of at most 78 bytes; none may begin with what would make it a request.
std::string wrapped(std::string_view line) {
  std::string out;
  std::size_t column = 0;
  for (std::size_t begin = 0; begin < line.size();) {
    const std::size_t end = std::min(line.find(' ', begin), line.size());
    const auto word = line.substr(begin, end - begin);
    const bool fits = column + 1 + word.size() <= 78 || word.starts_with('.') || word.starts_with('\'');
    if (column > 0) out += fits ? ' ' : '\n';
    column = (column > 0 && fits ? column + 1 : 0) + word.size();
    out += word;
    begin = end + 1;
  }
  return out;
}

}  // namespace

std::string mdoc_word(std::string_view word) {
  // Quotes keep blanks together; \& keeps a word from being a macro or a delimiter.
  const bool short_word = word.size() <= 3;
  const bool delimiter = word.find_first_of(".,:;()[]?!|") == 0;
  std::string text = (short_word || delimiter ? "\\&" : "") + escaped(word, true);
  if (text.find_first_of(" \"") == std::string::npos) return text;
  std::string quoted;
  for (const char c : text) quoted += c == '"' ? "\"\"" : std::string(1, c);
  return "\"" + quoted + "\"";
}

Mdoc::Mdoc(const std::string& title, int section, const std::string& date, const std::string& name,
           const std::string& about) {
  std::string upper = title;
  for (char& c : upper) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
  out_ = ".\\\" Made from authctl's tree of commands; do not edit.\n.Dd " + date + "\n.Dt " + upper + " " +
         std::to_string(section) + "\n.Os\n.Sh NAME\n.Nm " + name + "\n.Nd " + escaped(about, false) + "\n";
}

void Mdoc::section(std::string_view title) { macro(".Sh " + std::string(title)); }

void Mdoc::subsection(std::string_view title) { macro(".Ss " + std::string(title)); }

void Mdoc::paragraph() { macro(".Pp"); }

void Mdoc::text(std::string_view prose) {
  for (const auto& sentence : sentences(prose)) {
    std::string line;
    bool literal = false;
    for (std::string_view rest = sentence; !rest.empty();) {
      const std::size_t mark = std::min(rest.find('`'), rest.size());
      const std::string part = escaped(rest.substr(0, mark), literal);
      line += literal ? "\\fB" + part + "\\fP" : part;
      if (mark == rest.size()) break;
      literal = !literal;
      rest.remove_prefix(mark + 1);
    }
    line.erase(0, line.find_first_not_of(' '));
    line.erase(line.find_last_not_of(' ') + 1);
    if (!line.empty()) macro(wrapped(as_line(line)));
  }
}

void Mdoc::display(const std::vector<std::string>& lines) {
  macro(".Bd -literal -offset indent");
  for (const auto& line : lines) macro(as_line(escaped(line, true)));
  macro(".Ed");
}

void Mdoc::see_also(std::vector<std::pair<std::string, int>> pages) {
  std::sort(pages.begin(), pages.end(), [](const auto& a, const auto& b) {
    return std::pair(a.second, a.first) < std::pair(b.second, b.first);
  });
  section("SEE ALSO");
  for (std::size_t i = 0; i < pages.size(); ++i) {
    macro(".Xr " + pages[i].first + " " + std::to_string(pages[i].second) +
          (i + 1 < pages.size() ? " ," : ""));
  }
}

}  // namespace authctl::cli
