#include "core/base/new_folder.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/text.h"
#include "core/base/whole_file.h"

namespace authctl::base {
namespace {

[[noreturn]] void fail(std::string_view what, const std::string& path) {
  throw Error(ErrorCode::io, std::string(what) + " " + quote(path) + ": " + std::strerror(errno));
}

[[noreturn]] void refuse(const std::string& path) {
  throw Error(ErrorCode::conflict, quote(path) + " exists", "name another folder");
}

}  // namespace

NewFolder::NewFolder(std::string path) : path_(std::move(path)) {
  while (path_.size() > 1 && path_.ends_with('/')) path_.pop_back();
  if (mode_of(path_) >= 0) refuse(path_);
  staged_ = path_ + ".partial-XXXXXX";
  if (::mkdtemp(staged_.data()) == nullptr) fail("cannot create a folder beside", path_);
}

NewFolder::~NewFolder() {
  if (fd_ >= 0) ::close(fd_);
  std::error_code ignored;
  if (!published_) std::filesystem::remove_all(staged_, ignored);
}

void NewFolder::append(const std::string& name, std::string_view bytes) {
  const std::string path = staged_ + "/" + name;
  if (name != open_name_) {
    close_file();
    fd_ = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd_ < 0) fail("cannot create", path);
    open_name_ = name;
  }
  write_all(fd_, bytes, path);
}

void NewFolder::close_file() {
  if (fd_ < 0) return;
  const bool synced = ::fsync(fd_) == 0;
  ::close(fd_);
  fd_ = -1;
  if (!synced) fail("cannot sync", staged_ + "/" + open_name_);
}

void NewFolder::publish() {
  close_file();
  sync_folder_of(staged_ + "/" + open_name_);
  if (::renameat2(AT_FDCWD, staged_.c_str(), AT_FDCWD, path_.c_str(), RENAME_NOREPLACE) != 0) {
    if (errno == EEXIST) refuse(path_);
    fail("cannot move a folder to", path_);
  }
  published_ = true;
  sync_folder_of(path_);
}

}  // namespace authctl::base
