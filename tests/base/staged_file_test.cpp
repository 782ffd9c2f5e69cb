#include "core/base/staged_file.h"

#include <sys/stat.h>
#include <unistd.h>

#include "core/base/error.h"
#include "tests/support/catch.h"
#include "tests/support/stores.h"

using namespace authctl::base;
using authctl::test::Folder;

TEST_CASE("a staged file is not there before it is whole") {
  Folder folder;
  const auto path = folder.file("out");
  StagedFile file(path, IfExists::refuse);
  file.begin();
  file.append("one\n");
  file.checkpoint("{\"size\":4}");
  CHECK(mode_of(path) == -1);
  CHECK(mode_of(path + ".partial") == 0600);
  CHECK(mode_of(path + ".journal") == 0600);
  file.append("two\n");
  file.publish();
  CHECK(read_file(path, 100) == "one\ntwo\n");
  CHECK(mode_of(path) == 0600);
  CHECK(mode_of(path + ".partial") == -1);
  CHECK(mode_of(path + ".journal") == -1);
}

TEST_CASE("a staged file that is taken up again goes on where its journal says") {
  Folder folder;
  const auto path = folder.file("out");
  {
    StagedFile file(path, IfExists::refuse);
    file.begin();
    file.append("one\n");
    file.checkpoint("4");
    file.append("tw");  // and then the process dies
  }
  CHECK(StagedFile::is_begun(path));
  CHECK(StagedFile::journal_of(path) == "4");
  {
    StagedFile fresh(path, IfExists::refuse);
    CHECK_THROWS_AS(fresh.begin(), Error);
  }
  StagedFile file(path, IfExists::refuse);
  file.take_up(4);
  file.append("two\n");
  file.publish();
  CHECK(read_file(path, 100) == "one\ntwo\n");
}

TEST_CASE("a staged file refuses a shorter past, a second writer, a link and a file that exists") {
  Folder folder;
  const auto path = folder.file("out");
  StagedFile first(path, IfExists::refuse);
  first.begin();
  StagedFile second(path, IfExists::refuse);
  CHECK_THROWS_AS(second.take_up(0), Error);
  first.append("x");
  first.publish();
  CHECK_THROWS_AS(StagedFile(path, IfExists::refuse), Error);
  REQUIRE(::symlink(path.c_str(), folder.file("link").c_str()) == 0);
  CHECK_THROWS_AS(StagedFile(folder.file("link"), IfExists::replace), Error);
  const auto other = folder.file("other");
  {
    StagedFile file(other, IfExists::refuse);
    file.begin();
    file.append("ab");
  }
  StagedFile file(other, IfExists::refuse);
  CHECK_THROWS_AS(file.take_up(3), Error);
}

TEST_CASE("a whole file takes its place at once, and leaves nothing beside it where it does not") {
  Folder folder;
  const auto path = folder.file("out");
  {
    WholeFile file(path, IfExists::refuse);
    file.append("half");
    CHECK_THROWS_AS(WholeFile(path, IfExists::refuse), Error);  // one writer
    CHECK(mode_of(path) == -1);
  }
  CHECK(mode_of(path + ".partial") == -1);
  write_private_file(path + ".partial", "what a killed run left, longer", IfExists::refuse);
  WholeFile file(path, IfExists::refuse);
  file.append("whole");
  file.publish();
  CHECK(read_file(path, 100) == "whole");
  CHECK(mode_of(path) == 0600);
  CHECK(mode_of(path + ".partial") == -1);
}

TEST_CASE("a partial file that is not ours alone is never written to") {
  Folder folder;
  const auto path = folder.file("out"), other = folder.file("other");
  write_private_file(other, "theirs", IfExists::refuse);
  SECTION("a link") { REQUIRE(::symlink(other.c_str(), (path + ".partial").c_str()) == 0); }
  SECTION("a second name") { REQUIRE(::link(other.c_str(), (path + ".partial").c_str()) == 0); }
  SECTION("a pipe") { REQUIRE(::mkfifo((path + ".partial").c_str(), 0600) == 0); }
  CHECK_THROWS_AS(WholeFile(path, IfExists::refuse), Error);
  StagedFile staged(path, IfExists::refuse);
  CHECK_THROWS_AS(staged.take_up(0), Error);
  CHECK(read_file(other, 100) == "theirs");
}

TEST_CASE("a journal is never written into a file that is there already") {
  Folder folder;
  const auto path = folder.file("out"), other = folder.file("other");
  write_private_file(other, "theirs", IfExists::refuse);
  StagedFile file(path, IfExists::refuse);
  file.begin();
  SECTION("a second name") { REQUIRE(::link(other.c_str(), (path + ".journal.new").c_str()) == 0); }
  SECTION("a link") { REQUIRE(::symlink(other.c_str(), (path + ".journal.new").c_str()) == 0); }
  file.checkpoint("ours");
  CHECK(read_file(other, 100) == "theirs");
  CHECK(StagedFile::journal_of(path) == "ours");
  CHECK(mode_of(path + ".journal") == 0600);
}
