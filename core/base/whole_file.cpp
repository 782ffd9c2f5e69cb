#include "core/base/whole_file.h"

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

[[noreturn]] void fail(std::string_view what, const std::string& path) {
  throw Error(ErrorCode::io, std::string(what) + " " + quote(path) + ": " + std::strerror(errno));
}

[[noreturn]] void refuse_existing(const std::string& path) {
  throw Error(ErrorCode::conflict, "file " + quote(path) + " exists", "name another file, or add --force");
}

// The lock is worth something only while the name still leads to the file that was locked: whoever held it
// before may just have moved it to its place.
bool still_leads_to(const std::string& path, int fd) {
  struct stat named {
  }, held{};
  return ::lstat(path.c_str(), &named) == 0 && ::fstat(fd, &held) == 0 && named.st_ino == held.st_ino &&
         named.st_dev == held.st_dev;
}

// Only a file of our own is taken over: one that somebody else put there could be read by them.
void take_over(int fd, const std::string& partial) {
  struct stat info {};
  if (::fstat(fd, &info) != 0) fail("cannot read", partial);
  if (!S_ISREG(info.st_mode) || info.st_uid != ::geteuid() || info.st_nlink != 1)
    throw Error(ErrorCode::conflict, quote(partial) + " is in the way and not ours", "name another file");
  if (::fchmod(fd, 0600) != 0) fail("cannot begin", partial);
}

int open_partial(const std::string& partial, Leftover leftover) {
  const int flags = leftover == Leftover::resume   ? 0
                    : leftover == Leftover::refuse ? O_CREAT | O_EXCL
                                                   : O_CREAT;
  const int fd = ::open(partial.c_str(), O_WRONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | flags, 0600);
  if (fd >= 0) return fd;
  if (errno == ELOOP)
    throw Error(ErrorCode::conflict, quote(partial) + " is a symbolic link", "move it away");
  if (errno == EEXIST)
    throw Error(ErrorCode::conflict, "an interrupted run left " + quote(partial),
                "add --resume to go on, or delete that file to start again");
  if (leftover == Leftover::resume) fail("cannot open", partial);
  throw Error(ErrorCode::io, "cannot create " + quote(partial) + ": " + std::strerror(errno),
              "name a file in a folder that is there and may be written to");
}

}  // namespace

void refuse_place(const std::string& path, IfExists if_exists) {
  struct stat info {};
  if (::lstat(path.c_str(), &info) != 0) return;
  if (S_ISLNK(info.st_mode))
    throw Error(ErrorCode::conflict, quote(path) + " is a symbolic link", "name the file itself");
  if (!S_ISREG(info.st_mode))
    throw Error(ErrorCode::conflict, quote(path) + " is not a regular file", "name another file");
  if (if_exists == IfExists::refuse) refuse_existing(path);
}

void sync_folder_of(const std::string& path) {
  const auto folder = std::filesystem::path(path).parent_path();
  const int fd = ::open(folder.empty() ? "." : folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) fail("cannot open the folder of", path);
  const bool synced = ::fsync(fd) == 0;
  const int code = errno;
  ::close(fd);
  errno = code;
  if (!synced) fail("cannot sync the folder of", path);
}

void write_all(int fd, std::string_view bytes, const std::string& path) {
  while (!bytes.empty()) {
    const ssize_t n = ::write(fd, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) fail("cannot write", path);
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
}

WholeFile::WholeFile(std::string path, IfExists if_exists, Leftover leftover, std::string partial)
    : path_(std::move(path)),
      partial_(partial.empty() ? partial_of(path_) : std::move(partial)),
      if_exists_(if_exists),
      leftover_(leftover) {
  refuse_place(path_, if_exists_);
  fd_ = open_partial(partial_, leftover_);
  try {
    if (::flock(fd_, LOCK_EX | LOCK_NB) != 0 || !still_leads_to(partial_, fd_))
      throw Error(ErrorCode::conflict, "another process is writing " + quote(partial_), "wait for it");
    take_over(fd_, partial_);
    if (leftover_ == Leftover::overwrite) cut(0);
  } catch (...) {
    ::close(fd_);
    throw;
  }
}

WholeFile::~WholeFile() {
  if (!published_ && leftover_ == Leftover::overwrite) ::unlink(partial_.c_str());
  ::close(fd_);
}

void WholeFile::append(std::string_view bytes) {
  write_all(fd_, bytes, partial_);
  size_ += bytes.size();
}

void WholeFile::cut(std::uint64_t good_size) {
  struct stat info {};
  if (::fstat(fd_, &info) != 0) fail("cannot read", partial_);
  if (static_cast<std::uint64_t>(info.st_size) < good_size)
    throw Error(ErrorCode::unverified, quote(partial_) + " is shorter than its journal says",
                "delete it and start again without --resume");
  if (::ftruncate(fd_, static_cast<off_t>(good_size)) != 0 || ::lseek(fd_, 0, SEEK_END) < 0)
    fail("cannot cut", partial_);
  size_ = good_size;
}

void WholeFile::sync() {
  if (::fdatasync(fd_) != 0) fail("cannot sync", partial_);
}

void WholeFile::publish() {
  if (::fsync(fd_) != 0) fail("cannot sync", partial_);
  const unsigned flags = if_exists_ == IfExists::refuse ? RENAME_NOREPLACE : 0;
  if (::renameat2(AT_FDCWD, partial_.c_str(), AT_FDCWD, path_.c_str(), flags) != 0) {
    if (errno == EEXIST) refuse_existing(path_);
    fail("cannot move into its place", path_);
  }
  published_ = true;
  sync_folder_of(path_);
}

}  // namespace authctl::base
