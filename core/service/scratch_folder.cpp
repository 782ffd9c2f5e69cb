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

}  // namespace

ScratchFolder::ScratchFolder() {
  std::error_code ignored;
  auto base_folder = std::filesystem::temp_directory_path(ignored);
  if (ignored) base_folder = "/tmp";
  std::string pattern = (base_folder / "authctl-XXXXXX").string();
  if (::mkdtemp(pattern.data()) == nullptr) fail(pattern);
  path_ = pattern;
}

ScratchFolder::ScratchFolder(const std::filesystem::path& place) : path_(place) {
  if (::mkdir(path_.c_str(), 0700) != 0 && errno != EEXIST) fail(path_);
  lock_ = ::open(path_.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (lock_ < 0) fail(path_);
  struct stat info {};
  const bool ours = ::fstat(lock_, &info) == 0 && info.st_uid == ::geteuid() && (info.st_mode & 077) == 0;
  const bool free = ours && ::flock(lock_, LOCK_EX | LOCK_NB) == 0;
  try {
    if (!ours)
      throw Error(ErrorCode::conflict, base::quote(path_.string()) + " is in the way and not ours",
                  "move it away");
    if (!free) throw Error(ErrorCode::conflict, "another process is restoring there", "wait for it");
    empty(path_);
  } catch (...) {
    ::close(lock_);
    throw;
  }
}

ScratchFolder::~ScratchFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
  if (lock_ >= 0) ::close(lock_);
}

}  // namespace authctl::service
