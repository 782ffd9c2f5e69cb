#include "core/base/byte_source.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <vector>

#include "core/base/error.h"
#include "core/base/text.h"

namespace authctl::base {

bool ByteSource::read_fully(std::span<char> out) {
  while (!out.empty()) {
    const std::size_t count = read(out);
    if (count == 0) return false;
    out = out.subspan(count);
  }
  return true;
}

bool ByteSource::skip(std::uint64_t count) {
  std::vector<char> block(std::size_t{1} << 16);
  while (count != 0) {
    const auto part = static_cast<std::size_t>(std::min<std::uint64_t>(count, block.size()));
    if (!read_fully({block.data(), part})) return false;
    count -= part;
  }
  return true;
}

FileSource::FileSource(const std::string& path)
    : path_(path), fd_(::open(path.c_str(), O_RDONLY | O_CLOEXEC)) {
  if (fd_ < 0) {
    if (errno == ENOENT)
      throw Error(ErrorCode::not_found, "no file " + quote(path), "the path of a file that is there");
    throw Error(ErrorCode::io, "cannot open " + quote(path) + ": " + std::strerror(errno));
  }
  struct stat info {};
  if (::fstat(fd_, &info) != 0 || !S_ISREG(info.st_mode)) return;
  regular_ = true;
  total_ = static_cast<std::uint64_t>(info.st_size);
  identity_ = std::to_string(info.st_size) + " bytes, changed " + std::to_string(info.st_mtim.tv_sec) + "." +
              std::to_string(info.st_mtim.tv_nsec);
}

FileSource::~FileSource() {
  if (fd_ >= 0) ::close(fd_);
}

std::size_t FileSource::read(std::span<char> out) {
  for (;;) {
    const ssize_t n = ::read(fd_, out.data(), out.size());
    if (n >= 0) return static_cast<std::size_t>(n);
    if (errno != EINTR)
      throw Error(ErrorCode::io, "cannot read " + quote(path_) + ": " + std::strerror(errno));
  }
}

bool FileSource::skip(std::uint64_t count) {
  if (!regular_) return ByteSource::skip(count);
  const auto at = ::lseek(fd_, static_cast<off_t>(count), SEEK_CUR);
  return at >= 0 && static_cast<std::uint64_t>(at) <= total_;
}

std::size_t StreamSource::read(std::span<char> out) {
  if (!in_.good()) return 0;
  in_.read(out.data(), static_cast<std::streamsize>(out.size()));
  if (in_.bad()) throw Error(ErrorCode::io, "cannot read standard input");
  return static_cast<std::size_t>(in_.gcount());
}

}  // namespace authctl::base
