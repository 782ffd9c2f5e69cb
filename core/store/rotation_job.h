// Re-encryptions under way and the keys they need: as long as one stands here, its keys must stay.
// Invariant: a job that writes a file stays until that file is whole, however often it is interrupted; one
// that writes to a pipe cannot be taken up again, so it counts only while it says that it lives.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "core/store/database.h"

namespace authctl::store {

struct RotationJob {
  std::string id;
  std::optional<std::string> output;  // absolute path of the file that is being made; none: a pipe
  base::Timestamp started_at;
  std::vector<std::string> kids;
};

class RotationJobs {
 public:
  static constexpr std::chrono::minutes silence{2};  // after it a job on a pipe counts as gone

  explicit RotationJobs(Database& db) : db_(db) {}
  // Takes the place of an earlier job with the same output.
  void open(const RotationJob& job);
  void touch(const std::string& id, base::Timestamp now);
  void close(const std::string& id);
  std::optional<RotationJob> find_by_output(const std::string& output);
  // What `key retire` and `key delete` ask.
  std::vector<RotationJob> needing(const std::string& kid, base::Timestamp now);

 private:
  Database& db_;
};

}  // namespace authctl::store
