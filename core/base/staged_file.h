// A whole file (whole_file.h) that grows over a long time, and can be gone on with after a crash: a journal
// NAME.journal, 0600, says how far it is good. Invariant: what the journal calls written is on disk before
// the journal says so; what was written after it is cut off when the file is taken up again.
#pragma once
#include <optional>

#include "core/base/whole_file.h"

namespace authctl::base {

class StagedFile {
 public:
  // Error conflict where NAME exists and is not to be replaced, or is a symbolic link or no regular file.
  StagedFile(std::string path, IfExists if_exists);

  // What a run that was interrupted left: its last journal.
  static std::optional<std::string> journal_of(const std::string& path);
  static bool is_begun(const std::string& path);

  void begin();  // from nothing; Error conflict where a partial file is there, or another process is at it
  void take_up(
      std::uint64_t good_size);  // what lies behind it is cut off; Error unverified where there is less
  void give_up();                // nothing was written that is worth keeping: the partial file goes
  void append(std::string_view bytes) { file_->append(bytes); }
  std::uint64_t size() const { return file_->size(); }
  // Puts what was appended on disk, then the journal.
  void checkpoint(std::string_view journal);
  // Puts all on disk, moves it to its place and removes the journal.
  void publish();
  // After a crash between the two steps of publish(): the file is in its place already.
  static void forget_journal(const std::string& path);

 private:
  std::string path_;
  IfExists if_exists_;
  std::optional<WholeFile> file_;
};

}  // namespace authctl::base
