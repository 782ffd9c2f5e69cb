#include "core/base/spooled_file.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <vector>

#include "core/base/error.h"
#include "core/base/text.h"

namespace authctl::base {
namespace {

[[noreturn]] void fail(const std::string& folder) {
  throw Error(ErrorCode::io, "cannot keep the input in " + quote(folder) + ": " + std::strerror(errno));
}

void write_all(int fd, std::string_view bytes, const std::string& folder) {
  while (!bytes.empty()) {
    const ssize_t n = ::write(fd, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) fail(folder);
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
}

int make_unnamed(const std::string& folder) {
  const int fd = ::open(folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
  if (fd >= 0 || (errno != EOPNOTSUPP && errno != EISDIR && errno != EINVAL)) return fd;
  // A file system without unnamed files: one whose name is taken away at once.
  std::string name = folder + "/authctl.XXXXXX";
  const int named = ::mkostemp(name.data(), O_CLOEXEC);
  if (named >= 0) ::unlink(name.c_str());
  return named;
}

}  // namespace

SpooledFile::SpooledFile(ByteSource& source, const std::string& folder) : fd_(make_unnamed(folder)) {
  if (fd_ < 0) fail(folder);
  std::vector<char> block(std::size_t{1} << 16);
  try {
    while (const auto count = source.read(block)) write_all(fd_, {block.data(), count}, folder);
  } catch (...) {
    ::close(fd_);
    throw;
  }
}

SpooledFile::~SpooledFile() { ::close(fd_); }

std::string SpooledFile::path() const { return "/proc/self/fd/" + std::to_string(fd_); }

}  // namespace authctl::base
