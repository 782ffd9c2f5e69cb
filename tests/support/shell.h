// A terminal session inside a test: authctl runs in this process, with a clock that stands still, random
// bytes that are the same in every run, and a folder of its own as home and working directory.
//
//   test::Shell shell;
//   auto result = shell.run({"role", "create", "editor"});
//   CHECK(shell.type("authctl role list -q").out == "editor\n");
//   shell.clock.advance(1h);
//
// type() knows as much of a shell as scripts here need: quotes, $NAME, `|`, `< FILE`, `<<< TEXT`, `> FILE`,
// NAME=$(…), and beside authctl: echo, printf, cat, rm, mkdir, chmod, cd.
#pragma once
#include <map>
#include <string>
#include <vector>

#include "cli/run.h"
#include "tests/support/realms.h"

namespace authctl::test {

struct Result {
  int status = 0;
  std::string out, err;
};

class Shell {
 public:
  Shell();
  ~Shell();
  Shell(const Shell&) = delete;
  Shell& operator=(const Shell&) = delete;

  // `arguments` without "authctl".
  Result run(const std::vector<std::string>& arguments, const std::string& in = {});
  Result type(const std::string& line, const std::string& in = {});

  const Folder& folder() const { return folder_; }
  base::FixedClock clock{new_year};
  SeededRandom random;
  // Holds HOME, AUTHCTL_STORE (sqlite:authctl.db in the folder) and AUTHCTL_MASTER_KEY_FILE (master.key in
  // it).
  std::map<std::string, std::string> environment;
  bool is_terminal = false;  // all three streams
  std::size_t width = 80;

 private:
  Result run_stage(const std::vector<std::string>& words, const std::string& in);

  Folder folder_;
  std::filesystem::path former_folder_;
};

// The commands of a line, each as its words, without redirections: `a b < f | c` gives {a b} {c}. What stands
// in
// $(…) is one word.
std::vector<std::vector<std::string>> commands_of(const std::string& line);

// `expected` may hold `…` for any run of characters within a line.
bool matches(const std::string& expected, const std::string& actual);

}  // namespace authctl::test
