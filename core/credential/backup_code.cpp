#include "core/credential/backup_code.h"

#include "core/crypto/hmac.h"

namespace authctl::credential {
namespace {

constexpr std::string_view alphabet = "abcdefghijkmnpqrstuvwxyz23456789";
constexpr std::size_t groups = 4, in_group = 4, characters = groups * in_group;
constexpr std::size_t longest_typed = 64;

}  // namespace

base::Secret make_backup_code(base::Random& random) {
  auto bytes = base::Secret::zeroed(characters);
  random.fill(bytes.writable());
  auto code = base::Secret::zeroed(characters + groups - 1);
  std::size_t at = 0;
  for (std::size_t i = 0; i < characters; ++i) {
    if (i > 0 && i % in_group == 0) code.writable()[at++] = '-';
    code.writable()[at++] = static_cast<std::uint8_t>(alphabet[bytes.reveal()[i] % alphabet.size()]);
  }
  return code;
}

std::optional<base::Secret> normal_backup_code(const base::Secret& typed) {
  if (typed.size() > longest_typed) return std::nullopt;
  auto code = base::Secret::zeroed(characters);
  std::size_t at = 0;
  for (char c : typed.reveal_text()) {
    if (c == '-' || c == ' ') continue;
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    if (at == characters || alphabet.find(c) == std::string_view::npos) return std::nullopt;
    code.writable()[at++] = static_cast<std::uint8_t>(c);
  }
  if (at != characters) return std::nullopt;
  return code;
}

base::Bytes backup_code_mac(const base::Secret& key, std::string_view user_id,
                            const base::Secret& normal_code) {
  auto message = base::Secret::consume(std::string(user_id) + '\0' + std::string(normal_code.reveal_text()));
  return crypto::hmac(crypto::MacHash::sha256, key.reveal(), message.reveal());
}

}  // namespace authctl::credential
