#include "core/base/file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
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

// What to do about it, as far as the system's word tells.
std::string_view way_out(int code) {
  switch (code) {
    case EISDIR:
      return "it is a folder: name a file";
    case ENOTDIR:
      return "a part of the path is a file, not a folder";
    case ENOENT:
      return "make its folder first";
    case EACCES:
    case EPERM:
      return "run it as whoever may, or look at the modes of the path: namei -l";
    case ENOSPC:
    case EDQUOT:
      return "make room, or name a file on another disk";
    case EROFS:
      return "name a file on a disk that can be written";
    default:
      return "";
  }
}

[[noreturn]] void fail(std::string_view what, const std::string& path, int code) {
  throw Error(ErrorCode::io, std::string(what) + " " + quote(path) + ": " + std::strerror(code),
              std::string(way_out(code)));
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

// A file that gets its name when it is whole. Until then it has none where the file system can (O_TMPFILE),
// so that whoever is killed leaves nothing; elsewhere it has one that nobody else chooses.
class NewFile {
 public:
  explicit NewFile(const std::string& path)
      : path_(path), fd_(open_nameless()), name_("/proc/self/fd/" + std::to_string(fd_)) {
    if (fd_ >= 0 && ::access(name_.c_str(), F_OK) == 0) return;
    if (fd_ >= 0) ::close(fd_);
    named_ = true;
    name_ = make_name();
    fd_ = ::open(name_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd_ < 0) fail("cannot create", path_, errno);
  }
  NewFile(const NewFile&) = delete;
  NewFile& operator=(const NewFile&) = delete;
  ~NewFile() {
    if (named_) ::unlink(name_.c_str());
    ::close(fd_);
  }
  int fd() const { return fd_; }

  // link() refuses an existing name, so two who create at once cannot both win.
  void publish(IfExists if_exists) {
    if (if_exists == IfExists::refuse) return link_to(path_);
    if (!named_) {  // only a name can take another's place
      const auto name = make_name();
      link_to(name);
      name_ = name, named_ = true;
    }
    if (::rename(name_.c_str(), path_.c_str()) != 0) fail("cannot replace", path_, errno);
    named_ = false;
  }

 private:
  int open_nameless() const {
    const auto folder = std::filesystem::path(path_).parent_path();
    return ::open(folder.empty() ? "." : folder.c_str(), O_WRONLY | O_TMPFILE | O_CLOEXEC, 0600);
  }
  std::string make_name() const {
    SystemRandom random;
    std::uint8_t tag[8];
    random.fill(tag);
    return path_ + "." + encode_hex(tag) + ".tmp";
  }
  void link_to(const std::string& target) const {
    const int follow = named_ ? 0 : AT_SYMLINK_FOLLOW;
    if (::linkat(AT_FDCWD, name_.c_str(), AT_FDCWD, target.c_str(), follow) == 0) return;
    if (errno == EEXIST)
      throw Error(ErrorCode::conflict, "file " + quote(path_) + " exists",
                  "name another file, or add --force");
    fail("cannot create", path_, errno);
  }

  const std::string& path_;
  int fd_;
  bool named_ = false;
  std::string name_;  // by which it can be linked
};

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
  NewFile file(path);
  write_all(file.fd(), content, path);
  if (::fsync(file.fd()) != 0) fail("cannot sync", path, errno);
  file.publish(if_exists);
  sync_folder_of(path);
}

void make_private_folder(const std::filesystem::path& folder) {
  if (folder.empty() || std::filesystem::is_directory(folder)) return;
  make_private_folder(folder.parent_path());
  if (::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST)
    fail("cannot make folder", folder.string(), errno);
}

std::string absolute_path(const std::string& path) {
  const auto whole = std::filesystem::absolute(path);
  if (std::ranges::find(whole, "..") == whole.end()) return whole.lexically_normal().string();
  // Up from where a link leads to, not from where it lies: only what is there can say.
  std::error_code failed;
  const auto resolved = std::filesystem::weakly_canonical(whole, failed);
  return failed ? whole.string() : resolved.string();
}

int mode_of(const std::string& path) {
  struct stat info {};
  if (::lstat(path.c_str(), &info) != 0) return -1;
  return static_cast<int>(info.st_mode & 07777);
}

}  // namespace authctl::base
