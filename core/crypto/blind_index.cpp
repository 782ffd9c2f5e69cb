#include "core/crypto/blind_index.h"

#include <sodium.h>

#include <array>

#include "core/base/encoding.h"

namespace authctl::crypto {

std::string BlindIndex::token(std::string_view column, std::string_view text) const {
  crypto_auth_hmacsha256_state state;
  crypto_auth_hmacsha256_init(&state, key_.reveal().data(), key_.size());
  const auto add = [&](std::string_view part) {
    crypto_auth_hmacsha256_update(&state, reinterpret_cast<const unsigned char*>(part.data()), part.size());
  };
  add(column);
  add(std::string_view("\0", 1));  // a column's name holds none
  add(text);
  std::array<std::uint8_t, crypto_auth_hmacsha256_BYTES> mac;
  crypto_auth_hmacsha256_final(&state, mac.data());
  base::wipe(&state, sizeof state);
  return "#" + base::encode_base64url(mac);
}

}  // namespace authctl::crypto
