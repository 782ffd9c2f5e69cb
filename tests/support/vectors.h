// Test vectors: those made for this project stand in tests/vectors, those of others are read from the folder
// in the environment variable AUTHCTL_VECTORS (else ../shared/vectors beside the sources).
#pragma once
#include <boost/json.hpp>
#include <optional>
#include <string>
#include <vector>

namespace authctl::tests {

// The file's bytes; ends the test where it is missing.
std::string read_text(const std::string& path);
boost::json::value read_json_file(const std::string& path);

// A file of tests/vectors.
std::string made_vector(const std::string& name);
// The folder of a published set, or nothing: then the test says aloud that it is skipped, and where
// AUTHCTL_VECTORS is set it fails.
std::optional<std::string> published_vectors(const std::string& name);
std::vector<std::string> files_in(const std::string& folder, const std::string& suffix);

}  // namespace authctl::tests
