// A file that is written piece by piece and stands in its place only when it is whole: until then it is
// NAME.partial beside it, 0600, held by a lock. Invariant: at NAME there is what was there before, or all of
// the new content on disk; two processes never write the same file.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "core/base/file.h"

namespace authctl::base {

// A partial file that is there already, which only a killed run leaves.
enum class Leftover {
  overwrite,  // is written over
  refuse,     // is kept for a run that goes on with it: Error conflict
  resume,     // is gone on with; Error io where it is missing
  keep,       // stays for whoever opened it to look at; made where it is missing, and never taken away
};

class WholeFile {
 public:
  // Error conflict where NAME exists and is not to be replaced, is a symbolic link or no regular file, or
  // where another process is at it.
  // `partial`: what it is called until then, where that is not partial_of().
  WholeFile(std::string path, IfExists if_exists, Leftover leftover = Leftover::overwrite,
            std::string partial = {});
  WholeFile(const WholeFile&) = delete;
  WholeFile& operator=(const WholeFile&) = delete;
  // Unless it was published, takes the partial file away where the next run would write over it.
  ~WholeFile();

  static std::string partial_of(const std::string& path) { return path + ".partial"; }
  void append(std::string_view bytes);
  std::uint64_t size() const { return size_; }
  // What lies behind it goes; Error unverified where there is less.
  void cut(std::uint64_t good_size);
  // What was appended is on disk.
  void sync();
  // On disk, then in its place. Error conflict where somebody else was there first.
  void publish();

 private:
  std::string path_, partial_;
  IfExists if_exists_;
  Leftover leftover_;
  int fd_ = -1;
  std::uint64_t size_ = 0;
  bool published_ = false;
};

// Error conflict for a symbolic link, what is no regular file, and a file that is not to be replaced.
void refuse_place(const std::string& path, IfExists if_exists);
// A name that was made, moved or taken away in it is on disk. Error io.
void sync_folder_of(const std::string& path);
// All of them; Error io that names the path.
void write_all(int fd, std::string_view bytes, const std::string& path);

}  // namespace authctl::base
