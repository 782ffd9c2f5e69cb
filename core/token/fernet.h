// Fernet tokens: version 0x80, 64-bit time, IV, AES-128-CBC, HMAC-SHA256, in padded base64url.
// https://github.com/fernet/spec/blob/master/Spec.md
// Invariant: nothing is decrypted before the MAC is right, and nothing of a refused token reaches the caller.
// Any of many keys opens a token; the first one makes them. Objects hold contexts: one for each thread.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/clock.h"
#include "core/base/encoding.h"
#include "core/base/random.h"
#include "core/base/secret.h"
#include "core/crypto/encrypt_then_mac.h"

namespace authctl::token {

inline constexpr std::size_t fernet_key_size = 32;
inline constexpr std::size_t fernet_iv_size = 16;
// Version, time, IV and MAC, without the ciphertext.
inline constexpr std::size_t fernet_overhead = 1 + 8 + 16 + 32;
inline constexpr base::Duration fernet_clock_skew{60};
inline constexpr std::size_t fernet_max_token = std::size_t{64}
                                                << 20;  // characters; commands refuse longer ones

// 32 bytes: signing key, then encryption key.
base::Secret make_fernet_key(base::Random& random);
// Strictly 44 characters of padded, canonical base64url; Error invalid (the text is not in the message).
base::Secret parse_fernet_key(std::string_view text);
base::Secret format_fernet_key(const base::Secret& key);

// Why a token is refused. A wrong MAC, wrong padding and a wrong length are one reason: who can tell them
// apart has a padding oracle.
enum class FernetReason { malformed, wrong_version, expired, from_future, invalid, revoked_key };
std::string_view word_of(FernetReason reason);
std::string_view explanation_of(FernetReason reason);

// What stands in the clear; it is the maker's word only when the MAC is right.
struct FernetHeader {
  std::uint8_t version = 0;
  std::uint64_t time = 0;  // unix seconds
  std::size_t ciphertext_size = 0;
};
// Nothing where the text is not canonical base64url or too short for a header.
std::optional<FernetHeader> read_fernet_header(std::string_view token);

struct FernetLimits {
  base::Timestamp now;
  std::optional<base::Duration> ttl;  // none: the age is unlimited and the time is not looked at
};

struct FernetVerdict {
  std::optional<FernetReason> reason;  // none: it is good
  std::size_t key = 0;                 // which of the ring; also with reason revoked_key
  std::uint64_t time = 0;
  base::ByteView payload;  // lies in the buffer that was handed in
  bool ok() const { return !reason; }
};

enum class FernetKeyRole { opens, quarantined };  // a quarantined key only tells that a token is under it

class FernetRing {
 public:
  // In order of preference; the first one added encrypts.
  void add(const base::Secret& key, std::string kid, FernetKeyRole role = FernetKeyRole::opens);
  bool empty() const { return keys_.empty(); }
  std::size_t size() const { return keys_.size(); }
  const std::string& kid(std::size_t key) const { return keys_[key].kid; }
  bool opens(std::size_t key) const { return keys_[key].role == FernetKeyRole::opens; }
  FernetRing clone() const;  // for another thread

  // The token replaces what `token` holds; its room is used again. Error invalid for an empty ring.
  void encrypt(base::ByteView payload, std::uint64_t unix_seconds, base::ByteView iv, std::string& token);
  // `buffer` gets the decoded token and, when it is good, the payload in place; wiped when it is refused.
  FernetVerdict open(std::string_view token, const FernetLimits& limits, base::Bytes& buffer);

 private:
  struct Key {
    base::Secret bytes;
    std::string kid;
    FernetKeyRole role;
    crypto::EncryptThenMac cipher;
  };
  std::optional<FernetReason> authenticate(std::string_view token, const FernetLimits& limits,
                                           std::span<std::uint8_t> raw, FernetVerdict& verdict);
  std::optional<std::size_t> find_key(base::ByteView raw, const crypto::EncryptThenMac::Mac& mac_of_last);

  std::vector<Key> keys_;
  std::size_t last_ = 0;  // the key that opened the last token is tried first
};

}  // namespace authctl::token
