// Bytes that must not be seen: move-only, wiped when they go, compared in constant time, with no `<<` and no
// JSON. `reveal()` is the one way in, rare and easy to grep for.
#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace authctl::base {

void wipe(void* data, std::size_t size) noexcept;

class Secret {
 public:
  Secret() = default;
  explicit Secret(std::span<const std::uint8_t> bytes) : bytes_(bytes.begin(), bytes.end()) {}
  explicit Secret(std::string_view text) : bytes_(text.begin(), text.end()) {}
  static Secret zeroed(std::size_t size);
  // Takes the text over and wipes the string it came in.
  static Secret consume(std::string&& text);

  Secret(const Secret&) = delete;
  Secret& operator=(const Secret&) = delete;
  Secret(Secret&& other) noexcept : bytes_(std::move(other.bytes_)) { other.bytes_.clear(); }
  Secret& operator=(Secret&& other) noexcept;
  ~Secret() { clear(); }

  Secret clone() const { return Secret(reveal()); }
  bool empty() const { return bytes_.empty(); }
  std::size_t size() const { return bytes_.size(); }
  std::span<const std::uint8_t> reveal() const { return bytes_; }
  std::string_view reveal_text() const {
    return {reinterpret_cast<const char*>(bytes_.data()), bytes_.size()};
  }
  std::span<std::uint8_t> writable() { return bytes_; }  // for whoever makes it: a generator, a cipher
  void clear() noexcept;

 private:
  std::vector<std::uint8_t> bytes_;
};

// Constant time in the contents; the lengths are no secret.
bool equal_constant_time(std::span<const std::uint8_t> a, std::span<const std::uint8_t> b);
inline bool operator==(const Secret& a, const Secret& b) {
  return equal_constant_time(a.reveal(), b.reveal());
}

}  // namespace authctl::base
