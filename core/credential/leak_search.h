// Where a secret may begin, at the speed of memory: a few short texts, each of which stands in every spelling
// of some kind of secret, searched all at once. Those of secrets that were base64-encoded as part of
// something longer are searched too, at each of the three places a byte can have in a group of three.
// Invariant: plain code and AVX2 code find the same; nothing outside the text is read.
#pragma once
#include <array>
#include <cstddef>
#include <span>
#include <string_view>

namespace authctl::credential {

enum class LeakSign { jwt, fernet, prefix, pem, jwk };

struct LeakAnchor {
  LeakSign sign;
  bool wrapped = false;   // within base64
  std::size_t group = 0;  // wrapped: how far before it its group of four characters begins
  std::size_t byte = 0;   // wrapped: which of the three bytes of the group the sign begins with
  std::array<char, 12> characters{};
  std::size_t size = 0;
  std::string_view text() const { return {characters.data(), size}; }
};
std::span<const LeakAnchor> leak_anchors();

struct LeakHit {
  std::size_t at = 0;
  const LeakAnchor* anchor = nullptr;  // null: there is none before the end
};
// The first one at `from` or behind it.
LeakHit find_leak_anchor(std::string_view text, std::size_t from);

// Copies up to the first of LF NUL \ % & = and gives how much that was. `out` has room for 32 more.
std::size_t copy_to_special(std::string_view text, char* out);

// The first '-' of "-????-????-", where four characters are before it and behind the last: the form of a
// backup code; npos: there is none at `from` or behind it.
std::size_t find_dashes(std::string_view text, std::size_t from);

bool is_base64url(char c);
bool is_base64(char c);  // of either alphabet
// Behind those of the at most `most` characters from `at` on that all fit.
std::size_t run_end(std::string_view text, std::size_t at, std::size_t most, bool (*fits)(char));

enum class LeakEngine { automatic, plain };
void use_leak_engine(LeakEngine engine);  // `plain` is for tests and benchmarks

}  // namespace authctl::credential
