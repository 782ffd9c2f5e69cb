#include "core/credential/imported_code.h"

#include <algorithm>
#include <array>
#include <set>

#include "core/base/encoding.h"
#include "core/base/error.h"
#include "core/base/text.h"
#include "core/crypto/digest_stream.h"
#include "core/crypto/password.h"
#include "core/crypto/password_hash.h"

namespace authctl::credential {
namespace {

constexpr std::size_t longest_typed = 128;

struct Kind {
  std::string_view prefix;
  std::size_t hex_digits;
};
constexpr std::array<Kind, 2> kinds{{{"sha256:", 64}, {"sha512:", 128}}};

bool is_hex(std::string_view text) {
  return text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

std::string_view without_blanks_around(std::string_view text) {
  const auto first = std::min(text.find_first_not_of(' '), text.size());
  return text.substr(first, text.find_last_not_of(' ') + 1 - first);
}

base::Secret without_separators(std::string_view text) {
  std::string kept;
  kept.reserve(text.size());
  std::copy_if(text.begin(), text.end(), std::back_inserter(kept),
               [](char c) { return c != '-' && c != ' '; });
  return base::Secret::consume(std::move(kept));
}

void add_digests(std::set<std::string>& digests, std::string_view code) {
  digests.insert("sha256:" + base::encode_hex(crypto::sha256(base::bytes_of(code))));
  digests.insert("sha512:" + base::encode_hex(crypto::sha512(base::bytes_of(code))));
}

base::Secret in_case(std::string_view text, char first, char last, char base) {
  auto changed = base::Secret(text);
  for (auto& byte : changed.writable())
    if (byte >= first && byte <= last) byte = static_cast<std::uint8_t>(byte - first + base);
  return changed;
}

}  // namespace

ImportedCode parse_imported_code(std::string_view text) {
  const auto folded = base::fold_ascii(text);
  for (const auto& kind : kinds) {
    std::string_view hex = folded;
    if (hex.starts_with(kind.prefix)) hex.remove_prefix(kind.prefix.size());
    if (hex.size() == kind.hex_digits && is_hex(hex)) return {true, std::string(kind.prefix).append(hex)};
  }
  crypto::parse_password_hash(text);
  return {false, std::string(text)};
}

std::vector<std::string> imported_code_digests(const base::Secret& typed) {
  if (typed.size() > longest_typed) return {};
  std::set<std::string> digests;
  const auto whole = without_blanks_around(typed.reveal_text());
  const auto joined = without_separators(whole);
  for (const auto text : {whole, joined.reveal_text()}) {
    if (text.empty()) continue;
    add_digests(digests, text);
    add_digests(digests, in_case(text, 'A', 'Z', 'a').reveal_text());
    add_digests(digests, in_case(text, 'a', 'z', 'A').reveal_text());
  }
  return {digests.begin(), digests.end()};
}

bool matches_imported_code(std::string_view password_hash, const base::Secret& typed) {
  const auto whole = without_blanks_around(typed.reveal_text());
  if (whole.empty() || whole.size() > longest_typed) return false;
  return crypto::verify_password(password_hash, base::Secret(whole));
}

}  // namespace authctl::credential
