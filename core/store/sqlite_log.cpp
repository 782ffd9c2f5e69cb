#include "core/store/sqlite_log.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <span>
#include <vector>

namespace authctl::store {
namespace {

constexpr std::int64_t log_header = 32;
constexpr std::int64_t frame_header = 24;
constexpr std::int64_t version_in_page = 60;  // user_version, section 1.3 of the file format

// The running checksum of section 4.2, over words of the byte order that the log's magic number names.
class Checksum {
 public:
  explicit Checksum(bool is_big_endian) : is_big_endian_(is_big_endian) {}

  void add(std::span<const std::uint8_t> bytes) {
    for (std::size_t at = 0; at + 8 <= bytes.size(); at += 8) {
      first_ += word(&bytes[at]) + second_;
      second_ += word(&bytes[at + 4]) + first_;
    }
  }
  bool is_at(const std::uint8_t* bytes) const {
    return first_ == big_endian(bytes) && second_ == big_endian(bytes + 4);
  }

 private:
  std::uint32_t word(const std::uint8_t* bytes) const {
    const std::uint32_t value = big_endian(bytes);
    return is_big_endian_ ? value : __builtin_bswap32(value);
  }

  bool is_big_endian_;
  std::uint32_t first_ = 0;
  std::uint32_t second_ = 0;
};

}  // namespace

std::uint32_t big_endian(const std::uint8_t* bytes) {
  return std::uint32_t{bytes[0]} << 24 | std::uint32_t{bytes[1]} << 16 | std::uint32_t{bytes[2]} << 8 |
         bytes[3];
}

SqliteLog::SqliteLog(const std::string& path)
    : fd_(::open((path + "-wal").c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW)) {
  std::array<std::uint8_t, frame_header + 100> frame{};
  if (fd_ < 0 || !read_at(head_, 0)) return;
  // A frame of an earlier round of the log has other salts.
  for (std::int64_t at = log_header; read_at(frame, at) && std::equal(&head_[16], &head_[24], &frame[8]);
       at += frame_header + page_size()) {
    has_frames_ = true;
    if (big_endian(frame.data()) == 1) version_ = big_endian(&frame[frame_header + version_in_page]);
  }
}

SqliteLog::~SqliteLog() {
  if (fd_ >= 0) ::close(fd_);
}

std::uint32_t SqliteLog::proven_version() const {
  constexpr std::int64_t largest_page = 65536;
  std::uint32_t version = 0;
  if (fd_ < 0 || page_size() < 512 || page_size() > largest_page) return version;
  Checksum sum((big_endian(head_.data()) & 1) != 0);
  sum.add(std::span(head_).first(24));
  if (!sum.is_at(&head_[24])) return version;
  std::vector<std::uint8_t> frame(static_cast<std::size_t>(frame_header + page_size()));
  for (auto at = log_header; read_at(frame, at) && std::equal(&head_[16], &head_[24], &frame[8]);
       at += frame_header + page_size()) {
    sum.add(std::span(frame).first(8));
    sum.add(std::span(frame).subspan(frame_header));
    if (!sum.is_at(&frame[16])) break;
    if (big_endian(frame.data()) == 1) version = big_endian(&frame[frame_header + version_in_page]);
  }
  return version;
}

template <typename Bytes>
bool SqliteLog::read_at(Bytes& bytes, std::int64_t at) const {
  return ::pread(fd_, bytes.data(), bytes.size(), at) == static_cast<ssize_t>(bytes.size());
}

}  // namespace authctl::store
