#include "core/service/one_time_secret.h"

#include "core/crypto/digest.h"
#include "core/crypto/hmac.h"

namespace authctl::service {
namespace {

constexpr std::size_t secret_bytes = 32;

base::Secret spell(std::string_view prefix, base::ByteView bytes) {
  auto encoded = base::encode_base64url(bytes);
  auto text = base::Secret::zeroed(prefix.size() + encoded.size());
  std::copy(prefix.begin(), prefix.end(), text.writable().begin());
  std::copy(encoded.begin(), encoded.end(),
            text.writable().begin() + static_cast<std::ptrdiff_t>(prefix.size()));
  base::wipe(encoded.data(), encoded.size());
  return text;
}

}  // namespace

base::Secret make_one_time_secret(std::string_view prefix, base::Random& random) {
  auto bytes = base::Secret::zeroed(secret_bytes);
  random.fill(bytes.writable());
  return spell(prefix, bytes.reveal());
}

base::Secret succeed_refresh_token(const crypto::Sealer& sealer, std::string_view token) {
  const auto key = sealer.derive("refresh token succession");
  auto bytes = crypto::hmac(crypto::MacHash::sha256, key.reveal(), base::bytes_of(token));
  auto next = spell(refresh_prefix, bytes);
  base::wipe(bytes.data(), bytes.size());
  return next;
}

std::optional<base::Bytes> hash_one_time_secret(std::string_view presented) {
  if (presented.empty() || presented.size() > longest_one_time_secret) return std::nullopt;
  const auto digest = crypto::sha256(base::bytes_of(presented));
  return base::Bytes(digest.begin(), digest.end());
}

}  // namespace authctl::service
