// Where a secret may begin, at the speed of memory: a few short texts, each of which stands in every spelling
// of some kind of secret, searched all at once; and base64 of what is text itself, wherever its groups of
// four characters begin. Invariant: plain code and AVX2 code find the same; nothing outside the text is read.
#pragma once
#include <algorithm>
#include <cstddef>
#include <span>
#include <string_view>

namespace authctl::credential {

enum class LeakSign { jwt, fernet, prefix, pem, jwk };

struct LeakAnchor {
  LeakSign sign;
  std::string_view text;
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

// Base64 that says text: of no byte is the highest bit set, as in ASCII and in ASCII that was made UTF-16. By
// chance one group of four characters in eight is so. The first place of those from `from` to `to` where
// `shortest_wrapped` of them follow each other; npos: there is none. No secret is so short that it has fewer.
constexpr std::size_t base64_group = 4, shortest_wrapped = 5;
std::size_t find_wrapped(std::string_view text, std::size_t from, std::size_t to);
// Whether a whole group stands at `at`, and whether it says text.
bool is_group(std::string_view text, std::size_t at);
bool is_text_group(std::string_view text, std::size_t at);

// Each is a type of its own, so that run_end() has it within its loop.
inline constexpr auto is_base64url = [](char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
};
// Of either alphabet.
inline constexpr auto is_base64 = [](char c) { return is_base64url(c) || c == '+' || c == '/'; };

// Behind those of the at most `most` characters from `at` on that all fit.
template <class Fits>
std::size_t run_end(std::string_view text, std::size_t at, std::size_t most, Fits fits) {
  const std::size_t last = at + std::min(text.size() - std::min(text.size(), at), most);
  while (at < last && fits(text[at])) ++at;
  return at;
}

enum class LeakEngine { automatic, plain };
void use_leak_engine(LeakEngine engine);  // `plain` is for tests and benchmarks

}  // namespace authctl::credential
