// AES-128-CBC, then HMAC-SHA256 over what it gave: the pair of primitives under Fernet, in pieces as long as
// the caller likes. One object holds one key pair and its contexts for good; it is not shared between
// threads. Invariant: a context never sees a second key (OpenSSL 3.0 goes on with the first one). NIST SP
// 800-38A section 6.2 (CBC), RFC 2104 (HMAC). Padding is the caller's.
#pragma once
#include <array>
#include <memory>

#include "core/base/encoding.h"

namespace authctl::crypto {

class EncryptThenMac {
 public:
  static constexpr std::size_t block_size = 16;
  static constexpr std::size_t mac_size = 32;
  using Mac = std::array<std::uint8_t, mac_size>;

  // Both 16 bytes. Error internal where the library gives no AES or HMAC.
  EncryptThenMac(base::ByteView signing_key, base::ByteView encryption_key);
  EncryptThenMac(EncryptThenMac&&) noexcept;
  EncryptThenMac& operator=(EncryptThenMac&&) noexcept;
  ~EncryptThenMac();

  void begin_encryption(base::ByteView iv);
  // Whole blocks; `in` and `out` may be the same place.
  void encrypt(base::ByteView in, std::uint8_t* out);
  // The IV and the blocks behind it, in one piece. The IV goes through the cipher as a block: in CBC each one
  // needs only the one before it, and a cipher that is not set up anew for each token saves a fifth of a
  // short one's time. The first block of `out` means nothing.
  void decrypt(base::ByteView iv_and_blocks, std::uint8_t* out);

  void begin_mac();
  void add_to_mac(base::ByteView bytes);
  Mac end_mac();

 private:
  struct Contexts;
  std::unique_ptr<Contexts> contexts_;
};

}  // namespace authctl::crypto
