#include "tests/support/vectors.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "tests/support/catch.h"

namespace authctl::tests {

std::string read_text(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  INFO(path);
  REQUIRE(in.good());
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

boost::json::value read_json_file(const std::string& path) { return boost::json::parse(read_text(path)); }

std::string made_vector(const std::string& name) { return std::string(AUTHCTL_TEST_VECTORS) + "/" + name; }

std::optional<std::string> published_vectors(const std::string& name) {
  const char* chosen = std::getenv("AUTHCTL_VECTORS");
  const std::string root = chosen ? chosen : std::string(AUTHCTL_SOURCE_DIR) + "/../shared/vectors";
  const std::string folder = root + "/" + name;
  if (std::filesystem::is_directory(folder)) return folder;
  INFO(folder);
  REQUIRE(chosen == nullptr);
  WARN("skipped: the vector set " + name + " is not here (AUTHCTL_VECTORS names its folder)");
  return std::nullopt;
}

std::vector<std::string> files_in(const std::string& folder, const std::string& suffix) {
  std::vector<std::string> files;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    const auto path = entry.path().string();
    if (entry.is_regular_file() && path.ends_with(suffix)) files.push_back(path);
  }
  std::sort(files.begin(), files.end());
  return files;
}

}  // namespace authctl::tests
