#include <sstream>

#include "cli/run.h"
#include "tests/support/shell.h"

using namespace authctl;

TEST_CASE("a bar of progress is gone from the terminal before the output begins") {
  test::Shell shell;
  REQUIRE(shell.type("authctl init").status == 0);
  REQUIRE(shell.type("authctl backup create a.backup").status == 0);
  std::istringstream in;
  std::ostringstream screen;  // both streams, in the order of what is written
  cli::World world{[&](const std::string& name) -> std::optional<std::string> {
                     const auto it = shell.environment.find(name);
                     return it == shell.environment.end() ? std::nullopt : std::optional(it->second);
                   },
                   {in, screen, screen, true, true, true, 80},
                   shell.clock,
                   shell.random,
                   true,
                   "os:tester"};
  const std::vector<std::string> line{"backup", "verify", "a.backup"};
  CHECK(cli::run(line, world) == 0);
  const std::string seen = screen.str(), cleared = "\r\x1b[K";
  REQUIRE(seen.starts_with(cleared + "bytes "));
  const auto output = seen.find("ok:");
  REQUIRE(output != std::string::npos);
  CHECK(seen.rfind(cleared) + cleared.size() == output);
}
