// A password hash taken apart, whatever it was spelled in; and the families that compute it again.
// Invariant: a PasswordHash exists only within the ceilings of password.h.
#pragma once
#include <optional>

#include "core/base/encoding.h"
#include "core/crypto/password.h"

namespace authctl::crypto {

struct PasswordHash {
  PasswordScheme scheme = PasswordScheme::argon2id;
  Argon2Cost argon2;
  std::uint32_t argon2_version = 0x13;
  std::uint64_t n = 0, r = 0, p = 0;  // scrypt (RFC 7914 section 2); yescrypt has n and r
  std::uint64_t rounds = 0;           // PBKDF2's iterations, bcrypt's cost, sha512crypt's rounds
  base::Bytes salt, tag;              // not for crypt(3) formats
  std::string crypt;                  // a crypt(3) format as libcrypt reads it
};

// Error invalid for anything that is not a known hash within the ceilings.
PasswordHash parse_password_hash(std::string_view text);

// Text of numbers and bytes in hashes: what all spellings are read with. Nothing, or Error invalid, where it
// is not so.
std::optional<std::uint64_t> parse_hash_number(
    std::string_view digits);  // no sign, no blank, no leading zero
base::Bytes parse_hash_bytes(std::optional<base::Bytes> bytes, std::size_t least, std::size_t most);
std::optional<base::Bytes> decode_unpadded_base64(
    std::string_view text);  // RFC 4648 section 4, without its padding
std::optional<base::Bytes> decode_adapted_base64(std::string_view text);  // passlib's: `.` for `+`
std::string encode_unpadded_base64(base::ByteView bytes);
[[noreturn]] void refuse_hash(std::string why);

bool verify_argon2(const PasswordHash& hash, base::ByteView password);
bool verify_crypt(const PasswordHash& hash, base::ByteView password);
bool verify_derived(const PasswordHash& hash, base::ByteView password);  // scrypt, PBKDF2

std::string make_argon2id(base::ByteView password, const Argon2Cost& cost, base::Random& random);
std::string make_bcrypt(base::ByteView password, unsigned cost, base::Random& random);
std::string make_scrypt(base::ByteView password, unsigned log2_n, base::Random& random);
std::string make_pbkdf2_sha256(base::ByteView password, std::uint64_t iterations, base::Random& random);

}  // namespace authctl::crypto
