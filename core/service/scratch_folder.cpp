#include "core/service/scratch_folder.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "core/base/error.h"
#include "core/base/text.h"

namespace authctl::service {
namespace {

using base::Error;
using base::ErrorCode;

[[noreturn]] void fail(const std::filesystem::path& path) {
  throw Error(ErrorCode::io, "cannot use folder " + base::quote(path.string()) + ": " + std::strerror(errno));
}

void empty(const std::filesystem::path& folder) {
  for (const auto& entry : std::filesystem::directory_iterator(folder)) std::filesystem::remove(entry.path());
}

constexpr std::string_view temporary_name = "authctl-scratch-";

// -1 where it is no folder that is ours alone.
int open_ours(const std::filesystem::path& folder) {
  const int fd = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  struct stat info {};
  if (fd < 0) return -1;
  if (::fstat(fd, &info) == 0 && info.st_uid == ::geteuid() && (info.st_mode & 077) == 0) return fd;
  ::close(fd);
  return -1;
}

// What killed runs left holds the names of a store: it goes with the next run. Whoever lives holds the lock.
void clear_left_over(const std::filesystem::path& base_folder) {
  std::error_code ignored;
  std::filesystem::directory_iterator entry(base_folder, ignored);
  for (const std::filesystem::directory_iterator end; !ignored && entry != end; entry.increment(ignored)) {
    const auto& path = entry->path();
    if (!path.filename().string().starts_with(temporary_name)) continue;
    const int lock = open_ours(path);
    if (lock < 0) continue;
    std::error_code kept;
    if (::flock(lock, LOCK_EX | LOCK_NB) == 0 && !std::filesystem::is_empty(path, kept))
      std::filesystem::remove_all(path, kept);
    ::close(lock);
  }
}

}  // namespace

ScratchFolder::ScratchFolder() {
  std::error_code ignored;
  auto base_folder = std::filesystem::temp_directory_path(ignored);
  if (ignored) base_folder = "/tmp";
  clear_left_over(base_folder);
  std::string pattern = (base_folder / (std::string(temporary_name) + "XXXXXX")).string();
  if (::mkdtemp(pattern.data()) == nullptr) fail(pattern);
  path_ = pattern;
  lock_ = open_ours(path_);
  // Until there is something in it nobody takes it away, however long another looks at it.
  if (lock_ < 0 || ::flock(lock_, LOCK_EX) != 0) fail(path_);
}

ScratchFolder::ScratchFolder(const std::filesystem::path& place) : path_(place) {
  if (::mkdir(path_.c_str(), 0700) != 0 && errno != EEXIST) fail(path_);
  lock_ = open_ours(path_);
  if (lock_ < 0)
    throw Error(ErrorCode::conflict, base::quote(path_.string()) + " is in the way and not ours",
                "move it away");
  try {
    if (::flock(lock_, LOCK_EX | LOCK_NB) != 0)
      throw Error(ErrorCode::conflict, "another process is restoring there", "wait for it");
    empty(path_);
  } catch (...) {
    ::close(lock_);
    throw;
  }
}

void ScratchFolder::remove() {
  if (removed_) return;  // what has the name now may be another's
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
  removed_ = true;
}

ScratchFolder::~ScratchFolder() {
  remove();
  if (lock_ >= 0) ::close(lock_);
}

}  // namespace authctl::service
