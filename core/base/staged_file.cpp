#include "core/base/staged_file.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "core/base/error.h"
#include "core/base/text.h"

namespace authctl::base {
namespace {

std::string journal_name_of(const std::string& path) { return path + ".journal"; }

// One fixed name, because only the process that holds the partial file writes a journal: what a kill leaves
// of it is made anew, not left behind, and what somebody else put there is not written to.
std::string next_journal_of(const std::string& path) { return path + ".journal.new"; }

[[noreturn]] void fail(std::string_view what, const std::string& path) {
  throw Error(ErrorCode::io, std::string(what) + " " + quote(path) + ": " + std::strerror(errno));
}

}  // namespace

StagedFile::StagedFile(std::string path, IfExists if_exists) : path_(std::move(path)), if_exists_(if_exists) {
  refuse_place(path_, if_exists_);
}

std::optional<std::string> StagedFile::journal_of(const std::string& path) {
  if (mode_of(journal_name_of(path)) < 0) return std::nullopt;
  return read_file(journal_name_of(path), std::size_t{64} << 20);
}

bool StagedFile::is_begun(const std::string& path) { return mode_of(WholeFile::partial_of(path)) >= 0; }

void StagedFile::begin() {
  file_.emplace(path_, if_exists_, Leftover::refuse);
  forget_journal(path_);  // of another past; nobody else is at it
}

void StagedFile::take_up(std::uint64_t good_size) {
  file_.emplace(path_, if_exists_, Leftover::resume);
  file_->cut(good_size);
}

void StagedFile::checkpoint(std::string_view journal) {
  file_->sync();
  const auto next = next_journal_of(path_);
  ::unlink(next.c_str());
  const int fd = ::open(next.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
  if (fd < 0) fail("cannot create", next);
  try {
    write_all(fd, journal, next);
    if (::fdatasync(fd) != 0) fail("cannot sync", next);
  } catch (...) {
    ::close(fd);
    throw;
  }
  ::close(fd);
  if (::rename(next.c_str(), journal_name_of(path_).c_str()) != 0)
    fail("cannot replace", journal_name_of(path_));
  sync_folder_of(path_);
}

void StagedFile::give_up() { ::unlink(WholeFile::partial_of(path_).c_str()); }

void StagedFile::publish() {
  file_->publish();
  forget_journal(path_);
}

void StagedFile::forget_journal(const std::string& path) {
  ::unlink(next_journal_of(path).c_str());
  ::unlink(journal_name_of(path).c_str());
}

}  // namespace authctl::base
