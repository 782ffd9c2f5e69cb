// Bytes that come one block after the other: a file that can be positioned, or a stream that cannot.
#pragma once
#include <cstdint>
#include <istream>
#include <span>
#include <string>

namespace authctl::base {

class ByteSource {
 public:
  virtual ~ByteSource() = default;
  // Fills from the front; 0 at the end. Error io.
  virtual std::size_t read(std::span<char> out) = 0;
  // Passes over so many bytes; false where there are fewer.
  virtual bool skip(std::uint64_t count);
  // How many there are in all, and what tells this input from another that took its place; 0 and empty: not
  // known.
  virtual std::uint64_t total() const { return 0; }
  virtual std::string identity() const { return {}; }
  // Reads until `out` is full; false where there is less.
  bool read_fully(std::span<char> out);
};

class FileSource final : public ByteSource {
 public:
  explicit FileSource(const std::string& path);  // Error not_found, io
  FileSource(const FileSource&) = delete;
  FileSource& operator=(const FileSource&) = delete;
  ~FileSource() override;
  std::size_t read(std::span<char> out) override;
  bool skip(std::uint64_t count) override;
  std::uint64_t total() const override { return total_; }
  std::string identity() const override { return identity_; }

 private:
  std::string path_;
  int fd_;
  bool regular_ = false;
  std::uint64_t total_ = 0;
  std::string identity_;
};

class StreamSource final : public ByteSource {
 public:
  explicit StreamSource(std::istream& in) : in_(in) {}
  std::size_t read(std::span<char> out) override;

 private:
  std::istream& in_;
};

}  // namespace authctl::base
