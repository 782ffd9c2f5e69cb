// A folder of files that takes its place only when it is whole: until then it stands beside it under a name
// of its own. 0700, its files 0600. Invariant: what is in its place is all on disk; a run that dies leaves
// nothing there.
#pragma once
#include <string>
#include <string_view>

namespace authctl::base {

class NewFolder {
 public:
  // Error conflict where something is at `path`.
  explicit NewFolder(std::string path);
  NewFolder(const NewFolder&) = delete;
  NewFolder& operator=(const NewFolder&) = delete;
  ~NewFolder();

  // Goes behind what this file holds; a name is begun once and written until another is.
  void append(const std::string& name, std::string_view bytes);
  // Error conflict where something came to be at its place meanwhile.
  void publish();

 private:
  void close_file();
  std::string path_, staged_, open_name_;
  int fd_ = -1;
  bool published_ = false;
};

}  // namespace authctl::base
