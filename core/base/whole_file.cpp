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

void refuse_place(const std::string& path, IfExists if_exists) {
  struct stat info {};
  if (::lstat(path.c_str(), &info) != 0) return;
  if (S_ISLNK(info.st_mode))
    throw Error(ErrorCode::conflict, quote(path) + " is a symbolic link", "name the file itself");
  if (!S_ISREG(info.st_mode))
    throw Error(ErrorCode::conflict, quote(path) + " is not a regular file", "name a file");
  if (if_exists == IfExists::refuse)
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
  if (::fchmod(fd, 0600) != 0 || ::ftruncate(fd, 0) != 0) fail("cannot begin", partial);
}

}  // namespace

WholeFile::WholeFile(std::string path, IfExists if_exists)
    : path_(std::move(path)), partial_(path_ + ".partial"), if_exists_(if_exists) {
  refuse_place(path_, if_exists_);
  fd_ = ::open(partial_.c_str(), O_WRONLY | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600);
  if (fd_ < 0 && errno == ELOOP)
    throw Error(ErrorCode::conflict, quote(partial_) + " is a symbolic link", "move it away");
  if (fd_ < 0) fail("cannot create", partial_);
  try {
    if (::flock(fd_, LOCK_EX | LOCK_NB) != 0 || !still_leads_to(partial_, fd_))
      throw Error(ErrorCode::conflict, "another process is writing " + quote(partial_), "wait for it");
    take_over(fd_, partial_);
  } catch (...) {
    ::close(fd_);
    throw;
  }
}

WholeFile::~WholeFile() {
  if (!published_) ::unlink(partial_.c_str());
  ::close(fd_);
}

void WholeFile::append(std::string_view bytes) {
  size_ += bytes.size();
  while (!bytes.empty()) {
    const ssize_t n = ::write(fd_, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) fail("cannot write", partial_);
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
}

void WholeFile::publish() {
  if (::fsync(fd_) != 0) fail("cannot sync", partial_);
  const unsigned flags = if_exists_ == IfExists::refuse ? RENAME_NOREPLACE : 0;
  if (::renameat2(AT_FDCWD, partial_.c_str(), AT_FDCWD, path_.c_str(), flags) != 0) {
    if (errno == EEXIST)
      throw Error(ErrorCode::conflict, "file " + quote(path_) + " exists",
                  "name another file, or add --force");
    fail("cannot move into its place", path_);
  }
  published_ = true;
  const auto folder = std::filesystem::path(path_).parent_path();
  const int fd = ::open(folder.empty() ? "." : folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  const bool synced = fd >= 0 && ::fsync(fd) == 0;
  if (fd >= 0) ::close(fd);
  if (!synced) fail("cannot sync the folder of", path_);
}

}  // namespace authctl::base
