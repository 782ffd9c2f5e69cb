#include "core/base/staged_file.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "core/base/error.h"
#include "core/base/text.h"

namespace authctl::base {
namespace {

std::string partial_of(const std::string& path) { return path + ".partial"; }
std::string journal_name_of(const std::string& path) { return path + ".journal"; }

// One fixed name, because only the process that holds the partial file writes a journal: what a kill leaves
// of it is written over, not left behind.
std::string next_journal_of(const std::string& path) { return path + ".journal.new"; }

[[noreturn]] void fail(std::string_view what, const std::string& path) {
  throw Error(ErrorCode::io, std::string(what) + " " + quote(path) + ": " + std::strerror(errno));
}

void write_all(int fd, std::string_view bytes, const std::string& path) {
  while (!bytes.empty()) {
    const ssize_t n = ::write(fd, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) fail("cannot write", path);
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
}

void sync_folder_of(const std::string& path) {
  const auto folder = std::filesystem::path(path).parent_path();
  const int fd = ::open(folder.empty() ? "." : folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) fail("cannot open the folder of", path);
  const bool synced = ::fsync(fd) == 0;
  ::close(fd);
  if (!synced) fail("cannot sync the folder of", path);
}

}  // namespace

StagedFile::StagedFile(std::string path, IfExists if_exists) : path_(std::move(path)), if_exists_(if_exists) {
  struct stat info {};
  if (::lstat(path_.c_str(), &info) != 0) return;
  if (!S_ISREG(info.st_mode))
    throw Error(ErrorCode::conflict, quote(path_) + " is not a regular file", "name another file");
  if (if_exists_ == IfExists::refuse) {
    throw Error(ErrorCode::conflict, "file " + quote(path_) + " exists", "name another file, or add --force");
  }
}

StagedFile::~StagedFile() {
  if (fd_ >= 0) ::close(fd_);
}

std::optional<std::string> StagedFile::journal_of(const std::string& path) {
  if (mode_of(journal_name_of(path)) < 0) return std::nullopt;
  return read_file(journal_name_of(path), std::size_t{64} << 20);
}

bool StagedFile::is_begun(const std::string& path) { return mode_of(partial_of(path)) >= 0; }

void StagedFile::open_partial(int flags) {
  const auto partial = partial_of(path_);
  fd_ = ::open(partial.c_str(), O_WRONLY | O_NOFOLLOW | O_CLOEXEC | flags, 0600);
  if (fd_ < 0 && errno == EEXIST) {
    throw Error(ErrorCode::conflict, "an interrupted run left " + quote(partial),
                "add --resume to go on, or delete that file to start again");
  }
  if (fd_ < 0) fail("cannot open", partial);
  if (::flock(fd_, LOCK_EX | LOCK_NB) != 0) {
    throw Error(ErrorCode::conflict, "another process is writing " + quote(partial),
                "wait until it has ended");
  }
}

void StagedFile::begin() {
  open_partial(O_CREAT | O_EXCL);
  forget_journal(path_);  // of another past; nobody else is at it
  size_ = 0;
}

void StagedFile::take_up(std::uint64_t good_size) {
  open_partial(0);
  struct stat info {};
  if (::fstat(fd_, &info) != 0) fail("cannot read", partial_of(path_));
  if (!S_ISREG(info.st_mode) || static_cast<std::uint64_t>(info.st_size) < good_size) {
    throw Error(ErrorCode::unverified, quote(partial_of(path_)) + " is shorter than its journal says",
                "delete it and start again without --resume");
  }
  if (::ftruncate(fd_, static_cast<off_t>(good_size)) != 0 || ::lseek(fd_, 0, SEEK_END) < 0) {
    fail("cannot cut", partial_of(path_));
  }
  size_ = good_size;
}

void StagedFile::append(std::string_view bytes) {
  write_all(fd_, bytes, partial_of(path_));
  size_ += bytes.size();
}

void StagedFile::checkpoint(std::string_view journal) {
  if (::fdatasync(fd_) != 0) fail("cannot sync", partial_of(path_));
  const auto next = next_journal_of(path_);
  const int fd = ::open(next.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
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

void StagedFile::publish() {
  const auto partial = partial_of(path_);
  if (::fsync(fd_) != 0) fail("cannot sync", partial);
  const unsigned flags = if_exists_ == IfExists::refuse ? RENAME_NOREPLACE : 0;
  if (::renameat2(AT_FDCWD, partial.c_str(), AT_FDCWD, path_.c_str(), flags) != 0) {
    if (errno == EEXIST)
      throw Error(ErrorCode::conflict, "file " + quote(path_) + " exists", "add --resume --force");
    fail("cannot move into its place", path_);
  }
  sync_folder_of(path_);
  forget_journal(path_);
}

void StagedFile::forget_journal(const std::string& path) {
  ::unlink(next_journal_of(path).c_str());
  ::unlink(journal_name_of(path).c_str());
}

}  // namespace authctl::base
