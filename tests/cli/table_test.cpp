#include "cli/table.h"

#include <algorithm>
#include <sstream>

#include "cli/meaning.h"
#include "cli/pager.h"
#include "core/base/text.h"
#include "tests/support/catch.h"

using namespace authctl;
using cli::Cell;

namespace {

std::string table(std::vector<std::string> titles, const std::vector<std::vector<Cell>>& rows,
                  std::optional<std::size_t> width, bool colour = false) {
  std::ostringstream out;
  cli::Table table(out, std::move(titles), width, colour);
  for (const auto& row : rows) table.add(row);
  table.finish();
  return out.str();
}

const std::string kid(43, 'k');
const std::string when = "2026-11-21T10:53:59Z";

}  // namespace

TEST_CASE("on a narrow terminal prose goes on below itself, word by word") {
  CHECK(table({"NAME", "ABOUT"}, {{{"ann"}, {"reads everything that there is"}}, {{"bob"}, {"-"}}}, 22) ==
        "NAME  ABOUT\n"
        "ann   reads everything\n"
        "      that there is\n"
        "bob   -\n");
}

TEST_CASE("where the words alone are too wide for the terminal, a row takes further lines") {
  const auto out = table({"KID", "STATE", "CREATED", "RETIRES"}, {{{kid}, {"active"}, {when}, {when}}}, 80);
  CHECK(out ==
        "KID                                          STATE   CREATED\n"
        "    RETIRES\n" +
            kid + "  active  " + when + "\n    " + when + "\n");
}

TEST_CASE("no width breaks a word, and none that can be kept is passed") {
  for (std::size_t width = 40; width < 130; ++width) {
    const auto out = table({"KID", "ROLES", "CREATED", "NOTE"},
                           {{{kid}, {"admin, editor, viewer, accountant"}, {when}, {"-"}}}, width);
    INFO(width << "\n" << out);
    for (const auto& word : {kid, when, std::string("accountant"), std::string("editor,")})
      CHECK(out.find(word) != std::string::npos);
    std::istringstream lines(out);
    for (std::string line; std::getline(lines, line);) CHECK(line.size() <= std::max(width, kid.size()));
  }
}

TEST_CASE("how long ago a time is stands beside it only where every row has room for it") {
  const std::vector<std::vector<Cell>> rows{{{"ann"}, {when, "(3d ago)"}}, {{"bob"}, {"-"}}};
  CHECK(table({"NAME", "SEEN"}, rows, 40).find(when + " (3d ago)") != std::string::npos);
  CHECK(table({"NAME", "SEEN"}, rows, 30).find("ago") == std::string::npos);
  CHECK(table({"NAME", "SEEN"}, rows, std::nullopt).find("ago") == std::string::npos);
}

TEST_CASE("a time is told short before a row takes a second line") {
  const std::vector<std::vector<Cell>> rows{{{"ann"}, {when, "(3d ago)", "3d ago"}, {"x"}}};
  CHECK(table({"NAME", "SEEN", "BY"}, rows, 20) == "NAME  SEEN    BY\nann   3d ago  x\n");
  CHECK(table({"NAME", "SEEN", "BY"}, rows, 31).find(when + "  x") != std::string::npos);
}

TEST_CASE("colour is around the word, not in the columns") {
  const auto out = table({"A", "B"}, {{{"x", "", "", "\x1b[32m"}, {"y"}}}, 80, true);
  CHECK(out == "\x1b[1mA  B\x1b[0m\n\x1b[32mx\x1b[0m  y\n");
  CHECK(table({"A", "B"}, {{{"x", "", "", "\x1b[32m"}, {"y"}}}, 80, false) == "A  B\nx  y\n");
}

TEST_CASE("a word has a colour only as the value of a member that means something") {
  CHECK(cli::colour_of("state", "revoked") == "\x1b[31m");
  CHECK(cli::colour_of("outcome", "success") == "\x1b[32m");
  CHECK(cli::colour_of("status", "disabled") == "\x1b[33m");
  CHECK(cli::colour_of("name", "revoked").empty());
  CHECK(cli::colour_of("state", "constructor").empty());
}

TEST_CASE("how long ago, in the largest unit that says something") {
  const auto now = *base::parse_timestamp("2026-11-26T12:00:00Z");
  CHECK(cli::how_long("2026-11-26T12:00:00Z", now) == "now");
  CHECK(cli::how_long("2026-11-26T11:59:01Z", now) == "59s ago");
  CHECK(cli::how_long("2026-11-26T11:01:00Z", now) == "59m ago");
  CHECK(cli::how_long("2026-11-25T13:00:00Z", now) == "23h ago");
  CHECK(cli::how_long("2026-11-25T12:00:00Z", now) == "1d ago");
  CHECK(cli::how_long("2025-10-26T12:00:00Z", now) == "396d ago");
  CHECK(cli::how_long("2024-11-20T12:00:00Z", now) == "2y ago");
  CHECK(cli::how_long("2026-11-26T12:15:00Z", now) == "in 15m");
  for (const auto* none : {"", "-", "1795654439", "today", "2026-11-26"})
    CHECK(cli::how_long(none, now).empty());
}

TEST_CASE("the pager is the person's own, and none on a terminal that cannot") {
  const auto world = [](std::map<std::string, std::string> variables) {
    return cli::pager_of([variables](const std::string& name) -> std::optional<std::string> {
      const auto it = variables.find(name);
      return it == variables.end() ? std::nullopt : std::optional(it->second);
    });
  };
  CHECK(world({{"TERM", "xterm"}}) == "less");
  CHECK(world({{"TERM", "xterm"}, {"PAGER", "more -d"}}) == "more -d");
  CHECK(world({{"TERM", "xterm"}, {"PAGER", "more"}, {"AUTHCTL_PAGER", "most"}}) == "most");
  CHECK(world({{"TERM", "xterm"}, {"PAGER", "cat"}}).empty());
  CHECK(world({{"TERM", "xterm"}, {"PAGER", ""}}).empty());
  CHECK(world({{"TERM", "dumb"}, {"PAGER", "less"}}).empty());
}
