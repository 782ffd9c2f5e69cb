// bcrypt, sha512crypt and yescrypt by libcrypt, crypt(5).
// Invariant: libcrypt never sees a password that it would cut.
#include <crypt.h>

#include <array>
#include <memory>

#include "core/base/error.h"
#include "core/crypto/digest.h"
#include "core/crypto/password_hash.h"

namespace authctl::crypto {
namespace {

constexpr std::size_t bcrypt_takes = 72;

// 32 KiB that held a password and its key schedule: wiped when they go.
struct CryptData {
  crypt_data data{};
  CryptData() = default;
  CryptData(const CryptData&) = delete;
  CryptData& operator=(const CryptData&) = delete;
  ~CryptData() { base::wipe(&data, sizeof data); }
};

bool whole(base::ByteView password, PasswordScheme scheme) {
  if (base::text_of(password).find('\0') != std::string_view::npos) return false;
  return scheme != PasswordScheme::bcrypt || password.size() <= bcrypt_takes;
}

// What crypt(3) makes of it; empty where libcrypt refuses the setting.
std::string compute(base::ByteView password, const std::string& setting) {
  const auto phrase = base::Secret::zeroed(password.size() + 1);
  auto ended = phrase.clone();
  std::copy(password.begin(), password.end(), ended.writable().begin());
  const auto work = std::make_unique<CryptData>();
  const char* made = crypt_rn(ended.reveal_text().data(), setting.c_str(), &work->data, sizeof work->data);
  return made ? std::string(made) : std::string();
}

}  // namespace

bool verify_crypt(const PasswordHash& hash, base::ByteView password) {
  if (hash.scheme ==
      PasswordScheme::bcrypt_sha256) {  // Django: bcrypt over the digest in hex, so of any length
    const auto digest = base::Secret::consume(base::encode_hex(sha256(password)));
    auto inner = hash;
    inner.scheme = PasswordScheme::bcrypt;
    return verify_crypt(inner, digest.reveal());
  }
  // One that the scheme would cut does not match, in the time of one that does not match.
  const bool is_whole = whole(password, hash.scheme);
  const auto made = compute(is_whole ? password : base::ByteView{}, hash.crypt);
  if (made.empty()) refuse_hash("the password hash is malformed: libcrypt does not take it");
  return is_whole && base::equal_constant_time(base::bytes_of(made), base::bytes_of(hash.crypt));
}

std::string make_bcrypt(base::ByteView password, unsigned cost, base::Random& random) {
  if (!whole(password, PasswordScheme::bcrypt))
    throw base::Error{base::ErrorCode::invalid,
                      "bcrypt takes at most 72 bytes and no NUL; it would cut this password",
                      "use --scheme argon2id"};
  std::array<std::uint8_t, 16> salt{};
  random.fill(salt);
  std::array<char, CRYPT_GENSALT_OUTPUT_SIZE> setting{};
  if (!crypt_gensalt_rn("$2b$", cost, reinterpret_cast<const char*>(salt.data()),
                        static_cast<int>(salt.size()), setting.data(), static_cast<int>(setting.size())))
    throw base::Error{base::ErrorCode::internal, "libcrypt made no bcrypt setting"};
  const auto made = compute(password, setting.data());
  if (made.empty()) throw base::Error{base::ErrorCode::internal, "libcrypt made no bcrypt hash"};
  return made;
}

}  // namespace authctl::crypto
