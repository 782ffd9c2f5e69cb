#include "core/base/file.h"

#include <filesystem>

#include "tests/support/catch.h"
#include "tests/support/stores.h"

using namespace authctl::base;
using authctl::test::Folder;

TEST_CASE("a path is told from the root, and goes up from where a link leads to") {
  const Folder folder;
  const auto root = std::filesystem::canonical(folder.file("."));
  std::filesystem::create_directories(root / "disk" / "deep");
  std::filesystem::create_directory_symlink(root / "disk" / "deep", root / "link");
  CHECK(absolute_path(folder.file("link/../b.backup")) == (root / "disk" / "b.backup").string());
  CHECK(absolute_path(folder.file("link/./b.backup")) == folder.file("link/b.backup"));
  CHECK(absolute_path(folder.file("none/../b.backup")) == (root / "b.backup").string());
  CHECK(absolute_path("b") == (std::filesystem::current_path() / "b").string());
}
