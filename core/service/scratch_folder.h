// A folder for a store that nobody else is to see: 0700, gone with its content in the end.
// Invariant: two processes never share one; what a killed process left is removed by the next.
#pragma once
#include <filesystem>
#include <string>

namespace authctl::service {

class ScratchFolder {
 public:
  // Of its own, where temporary files go.
  ScratchFolder();
  // At a fixed place. Error conflict where another process is at it.
  explicit ScratchFolder(const std::filesystem::path& place);
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;
  ~ScratchFolder();
  void remove();  // with all that is in it, before its end
  std::string file(const std::string& name) const { return (path_ / name).string(); }

 private:
  std::filesystem::path path_;
  int lock_ = -1;
  bool removed_ = false;
};

}  // namespace authctl::service
