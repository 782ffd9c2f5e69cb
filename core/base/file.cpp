#include "core/base/file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "core/base/encoding.h"
#include "core/base/error.h"
#include "core/base/random.h"
#include "core/base/text.h"
#include "core/base/whole_file.h"

namespace authctl::base {
namespace {

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (fd_ > 2) ::close(fd_);
  }
  int get() const { return fd_; }
  explicit operator bool() const { return fd_ >= 0; }

 private:
  int fd_;
};

[[noreturn]] void fail(std::string_view what, const std::string& path, int code) {
  throw Error(ErrorCode::io, std::string(what) + " " + quote(path) + ": " + std::strerror(code));
}

std::string read_descriptor(int fd, const std::string& path, std::size_t max_bytes) {
  std::string content;
  char buffer[65536];
  for (;;) {
    const ssize_t n = ::read(fd, buffer, sizeof buffer);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) fail("cannot read", path, errno);
    if (n == 0) break;
    content.append(buffer, static_cast<std::size_t>(n));
    if (content.size() > max_bytes) {
      wipe(content.data(), content.size());
      throw Error(ErrorCode::invalid, quote(path) + " is longer than " + std::to_string(max_bytes) + " bytes",
                  "name the right file: nothing of this kind is so long");
    }
  }
  wipe(buffer, sizeof buffer);
  return content;
}

}  // namespace

std::string read_file(const std::string& path, std::size_t max_bytes) {
  if (path == "-") return read_descriptor(STDIN_FILENO, "standard input", max_bytes);
  Descriptor fd{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
  if (!fd) {
    if (errno == ENOENT || errno == ENAMETOOLONG)
      throw Error(ErrorCode::not_found, "no file " + quote(path), "a path, or - for standard input");
    fail("cannot open", path, errno);
  }
  return read_descriptor(fd.get(), path, max_bytes);
}

Secret read_secret_file(const std::string& path, std::size_t max_bytes) {
  return Secret::consume(read_file(path, max_bytes));
}

void check_place(const std::string& path, IfExists if_exists) {
  refuse_place(path, if_exists);
  const auto folder = std::filesystem::path(path).parent_path();
  if (::access(folder.empty() ? "." : folder.c_str(), W_OK | X_OK) != 0)
    throw Error(ErrorCode::io,
                "nothing can be written to the folder of " + quote(path) + ": " + std::strerror(errno),
                "name a file in a folder that is there");
}

void write_private_file(const std::string& path, std::string_view content, IfExists if_exists) {
  check_place(path, if_exists);
  SystemRandom random;
  std::uint8_t tag[8];
  random.fill(tag);
  const std::string temporary = path + "." + encode_hex(tag) + ".tmp";
  Descriptor fd{::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600)};
  if (!fd) fail("cannot create", path, errno);
  try {
    write_all(fd.get(), content, path);
    if (::fsync(fd.get()) != 0) fail("cannot sync", path, errno);
    // link() refuses an existing name, so two who create at once cannot both win.
    if (if_exists == IfExists::refuse) {
      if (::link(temporary.c_str(), path.c_str()) != 0) {
        if (errno == EEXIST)
          throw Error(ErrorCode::conflict, "file " + quote(path) + " exists",
                      "name another file, or add --force");
        fail("cannot create", path, errno);
      }
      ::unlink(temporary.c_str());
    } else if (::rename(temporary.c_str(), path.c_str()) != 0) {
      fail("cannot replace", path, errno);
    }
  } catch (...) {
    ::unlink(temporary.c_str());
    throw;
  }
  sync_folder_of(path);
}

void make_private_folder(const std::filesystem::path& folder) {
  if (folder.empty() || std::filesystem::is_directory(folder)) return;
  make_private_folder(folder.parent_path());
  if (::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST)
    fail("cannot make folder", folder.string(), errno);
}

int mode_of(const std::string& path) {
  struct stat info {};
  if (::lstat(path.c_str(), &info) != 0) return -1;
  return static_cast<int>(info.st_mode & 07777);
}

}  // namespace authctl::base
