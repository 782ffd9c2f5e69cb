// A stream kept so that it can be read again: an unnamed file of our own, gone with the process.
// Invariant: nobody else can open it, and no name of it is left behind, whatever way the process ends.
#pragma once
#include <string>

#include "core/base/byte_source.h"

namespace authctl::base {

class SpooledFile {
 public:
  // Reads `source` to its end into a file under `folder`. Error io.
  SpooledFile(ByteSource& source, const std::string& folder);
  ~SpooledFile();
  SpooledFile(const SpooledFile&) = delete;
  SpooledFile& operator=(const SpooledFile&) = delete;
  // For FileSource, as often as it is wanted.
  std::string path() const;

 private:
  int fd_ = -1;
};

}  // namespace authctl::base
