// The chunked coding of a body (RFC 9112 section 7.1), taken apart in place, strictly: sizes of one to eight
// hexadecimal digits, CR LF line ends, short extensions that are ignored, no trailer fields. Invariant: what
// is decoded never exceeds the limit, and the bytes behind the last chunk are left where they are.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

namespace authctl::server {

class ChunkedBody {
 public:
  enum class State { incomplete, complete, refused };
  explicit ChunkedBody(std::uint64_t limit) : limit_(limit) {}
  // Takes what it can from the front of `bytes` and says how many bytes it took.
  std::size_t feed(std::string_view bytes);
  State state() const { return state_; }
  int status() const { return status_; }  // of a refusal: 400, 413
  std::string& body() { return body_; }

 private:
  enum class Part { size, extension, size_lf, data, data_cr, data_lf, end_cr, end_lf };
  void take(char c);
  void refuse(int status);

  std::uint64_t limit_;
  std::string body_;
  Part part_ = Part::size;
  State state_ = State::incomplete;
  int status_ = 0;
  std::uint64_t left_ = 0;  // of the chunk's data
  int digits_ = 0, extension_ = 0;
};

}  // namespace authctl::server
