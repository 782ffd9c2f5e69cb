#include "core/base/shell_word.h"

#include <cstdio>
#include <string>

#include "tests/support/catch.h"

using authctl::base::shell_word;

namespace {

// What /bin/sh makes of a word of its command line.
std::string word_as_sh_reads_it(const std::string& word) {
  FILE* const pipe = ::popen(("printf %s. " + word).c_str(), "r");
  REQUIRE(pipe != nullptr);
  std::string read;
  for (int c = 0; (c = std::fgetc(pipe)) != EOF;) read += static_cast<char>(c);
  CHECK(::pclose(pipe) == 0);
  return read;
}

}  // namespace

TEST_CASE("what stands in a command to type is one word to the shell, whoever chose it") {
  for (const std::string text :
       {"ann", "o'brien", "`id`@example.com", "a|b@example.com", "$HOME", "x; exit 3", "edit:*", "~root",
        "''", "a\\b", "!x", "a b", "#", "&", "\"", "<>", "{a,b}", "ann@example.com", "p_Xj-b"}) {
    INFO(text);
    CHECK(word_as_sh_reads_it(shell_word(text)) == text + ".");
  }
  CHECK(word_as_sh_reads_it(shell_word("") + "x") == "x.");
}

TEST_CASE("a plain word stays as it is, and one that a terminal would act on is made printable") {
  CHECK(shell_word("ann@example.com") == "ann@example.com");
  CHECK(shell_word("o'brien") == "'o'\\''brien'");
  CHECK(shell_word("a\x1b[2J").find('\x1b') == std::string::npos);
  CHECK(shell_word("a\nb").find('\n') == std::string::npos);
}
