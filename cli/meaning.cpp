#include "cli/meaning.h"

#include <algorithm>
#include <iterator>

#include "core/base/text.h"

namespace authctl::cli {
namespace {

constexpr std::string_view good = "\x1b[32m", uneasy = "\x1b[33m", bad = "\x1b[31m";

// Members whose words mean something; `ok` in a note of a user does not.
constexpr std::string_view members[] = {"state", "status", "outcome", "verdict",
                                        "level", "result", "allowed", "valid"};

struct Meaning {
  std::string_view word, colour;
};

constexpr Meaning meanings[] = {
    {"active", good},     {"success", good},     {"intact", good}, {"ok", good},         {"pass", good},
    {"yes", good},        {"pending", uneasy},   {"warn", uneasy}, {"retiring", uneasy}, {"denied", uneasy},
    {"disabled", uneasy}, {"truncated", bad},    {"revoked", bad}, {"failure", bad},     {"altered", bad},
    {"fail", bad},        {"unverifiable", bad}, {"no", bad},      {"expired", uneasy},  {"ended", uneasy},
};

struct Mark {
  std::string_view word, behind, colour;
  bool whole_line;
};

constexpr Mark marks[] = {
    {"+", " ", good, true},    {"-", " ", bad, true},         {"~", " ", uneasy, true},
    {"!", " ", bad, true},     {"fail", "  ", bad, false},    {"warn", "  ", uneasy, false},
    {"ok", "  ", good, false}, {"allowed", ":", good, false}, {"denied", ":", uneasy, false},
};

constexpr std::pair<std::string_view, std::string_view> branches[] = {
    {" ", " "}, {"│", "│"}, {"├─", "│ "}, {"└─", "  "}};  // and what stands below them

struct Branched {
  std::string_view text;  // of the line, behind its branches
  std::string margin;     // of the line below it
};

Branched behind_branches(std::string_view line) {
  Branched parts{line, {}};
  for (const auto* found = std::begin(branches); found != std::end(branches);) {
    found = std::find_if(std::begin(branches), std::end(branches),
                         [&](const auto& branch) { return parts.text.starts_with(branch.first); });
    if (found == std::end(branches)) break;
    parts.text.remove_prefix(found->first.size());
    parts.margin += found->second;
  }
  return parts;
}

}  // namespace

std::string_view colour_of(std::string_view member, std::string_view value) {
  if (std::find(std::begin(members), std::end(members), member) == std::end(members)) return {};
  const auto* meaning = std::find_if(std::begin(meanings), std::end(meanings),
                                     [&](const Meaning& m) { return m.word == value; });
  return meaning == std::end(meanings) ? std::string_view{} : meaning->colour;
}

std::string coloured_line(const std::string& line) {
  const std::string_view rest = behind_branches(line).text;
  const std::size_t begin = line.size() - rest.size();
  const auto* mark = std::find_if(std::begin(marks), std::end(marks), [&](const Mark& m) {
    return rest.starts_with(m.word) && rest.substr(m.word.size()).starts_with(m.behind);
  });
  if (mark == std::end(marks)) return line;
  const std::size_t end = mark->whole_line ? line.size() : begin + mark->word.size();
  return line.substr(0, begin) + std::string(mark->colour) + line.substr(begin, end - begin) +
         std::string(colour_end) + line.substr(end);
}

std::vector<std::string> folded(const std::string& line, std::size_t columns) {
  const auto [text, below] = behind_branches(line);
  const std::string margin = below + "  ";
  if (base::display_width(line) <= columns || text.starts_with("authctl ") || text.starts_with("> authctl "))
    return {line};
  std::vector<std::string> lines{line.substr(0, line.size() - text.size())};
  bool begins = true;
  for (std::string_view rest = text; rest.find_first_not_of(' ') != rest.npos;) {
    const std::string_view word = rest.substr(0, rest.find(' ', rest.find_first_not_of(' ')));
    if (base::display_width(margin) + base::display_width(word) > columns) return {line};
    if (!begins && base::display_width(lines.back()) + base::display_width(word) > columns) {
      lines.push_back(margin + std::string(word.substr(word.find_first_not_of(' '))));
    } else {
      lines.back() += word;
    }
    begins = false;
    rest.remove_prefix(word.size());
  }
  return lines;
}

std::string with_how_long(std::string line, base::Timestamp now, std::size_t columns) {
  constexpr std::size_t time_size = 20;  // 2026-01-31T12:00:00Z
  if (line.size() <= time_size || line[line.size() - time_size - 1] != ' ') return line;
  const auto span = how_long(std::string_view(line).substr(line.size() - time_size), now);
  if (span.empty() || span == "now" || base::display_width(line) + span.size() + 3 > columns) return line;
  return line + " (" + span + ")";
}

std::string how_long(std::string_view rfc3339, base::Timestamp now) {
  if (rfc3339.size() < 20 || !rfc3339.ends_with('Z')) return {};
  const auto time = base::parse_timestamp(rfc3339);
  if (!time) return {};
  // Both to the second, as they are printed: what is 15 minutes ahead there is so here.
  const auto here = std::chrono::floor<std::chrono::seconds>(now),
             there = std::chrono::floor<std::chrono::seconds>(*time);
  const bool future = there > here;
  const auto seconds = (future ? there - here : here - there).count();
  constexpr std::pair<std::int64_t, std::string_view> units[] = {
      {365 * 86400, "y"}, {86400, "d"}, {3600, "h"}, {60, "m"}, {1, "s"}};
  for (const auto& [size, letter] : units) {
    if (seconds < size * (size == 86400 * 365 ? 2 : 1)) continue;
    const std::string count = std::to_string(seconds / size) + std::string(letter);
    return future ? "in " + count : count + " ago";
  }
  return "now";
}

}  // namespace authctl::cli
