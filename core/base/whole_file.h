// A file that is written piece by piece and stands in its place only when it is whole: until then it is
// NAME.partial beside it, 0600, held by a lock. Invariant: at NAME there is what was there before, or all of
// the new content on disk; what a killed run left is written over by the next one.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "core/base/file.h"

namespace authctl::base {

class WholeFile {
 public:
  // Error conflict where NAME exists and is not to be replaced, is a symbolic link or no regular file, or
  // where another process is at it.
  WholeFile(std::string path, IfExists if_exists);
  WholeFile(const WholeFile&) = delete;
  WholeFile& operator=(const WholeFile&) = delete;
  ~WholeFile();  // takes the partial file away unless it was published

  void append(std::string_view bytes);
  std::uint64_t size() const { return size_; }
  // On disk, then in its place. Error conflict where somebody else was there first.
  void publish();

 private:
  std::string path_, partial_;
  IfExists if_exists_;
  int fd_ = -1;
  std::uint64_t size_ = 0;
  bool published_ = false;
};

}  // namespace authctl::base
