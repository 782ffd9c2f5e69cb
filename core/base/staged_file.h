// A file that grows over a long time and takes its place only when it is whole: until then it stands beside
// it as NAME.partial, with a journal NAME.journal that says how far it is good. Both 0600. Invariant: what
// the journal calls written is on disk before the journal says so; what was written after it is cut off when
// the file is taken up again. Two processes never write the same file.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/base/file.h"

namespace authctl::base {

class StagedFile {
 public:
  // Error conflict where NAME exists and is not to be replaced, where it is a symbolic link or no regular
  // file, or where another process is at it.
  StagedFile(std::string path, IfExists if_exists);
  StagedFile(const StagedFile&) = delete;
  StagedFile& operator=(const StagedFile&) = delete;
  ~StagedFile();

  // What a run that was interrupted left: its last journal.
  static std::optional<std::string> journal_of(const std::string& path);
  static bool is_begun(const std::string& path);

  void begin();  // from nothing; Error conflict where a partial file is there
  void take_up(
      std::uint64_t good_size);  // what lies behind it is cut off; Error unverified where there is less
  void append(std::string_view bytes);
  std::uint64_t size() const { return size_; }
  // Puts what was appended on disk, then the journal.
  void checkpoint(std::string_view journal);
  // Puts all on disk, moves it to its place and removes the journal.
  void publish();
  // After a crash between the two steps of publish(): the file is in its place already.
  static void forget_journal(const std::string& path);

 private:
  void open_partial(int flags);
  std::string path_;
  IfExists if_exists_;
  int fd_ = -1;
  std::uint64_t size_ = 0;
};

}  // namespace authctl::base
