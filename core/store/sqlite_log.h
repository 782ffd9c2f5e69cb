// The write-ahead log beside a SQLite file (https://www.sqlite.org/fileformat.html section 4), read without
// SQLite, which would touch the side files, and without a lock, while others may be writing it.
#pragma once
#include <array>
#include <cstdint>
#include <string>

namespace authctl::store {

// Four bytes as the file format writes a number.
std::uint32_t big_endian(const std::uint8_t* bytes);

class SqliteLog {
 public:
  // The log of the store at `path`; one that is not there, or cannot be read, has no frames.
  explicit SqliteLog(const std::string& path);
  ~SqliteLog();
  SqliteLog(const SqliteLog&) = delete;
  SqliteLog& operator=(const SqliteLog&) = delete;

  bool has_frames() const { return has_frames_; }
  // user_version in the newest page 1 of the log, 0 where it has none. A glance: where somebody has written a
  // frame's header and not yet its page, what stood there before is taken for the page.
  std::uint32_t version() const { return version_; }
  // The same of frames whose checksum is right (section 4.4), up to the first that is not: SQLite reads no
  // further either. Reads the whole log.
  std::uint32_t proven_version() const;

 private:
  template <typename Bytes>
  bool read_at(Bytes& bytes, std::int64_t at) const;
  std::int64_t page_size() const { return big_endian(&head_[8]); }

  int fd_;
  std::array<std::uint8_t, 32> head_{};
  bool has_frames_ = false;
  std::uint32_t version_ = 0;
};

}  // namespace authctl::store
