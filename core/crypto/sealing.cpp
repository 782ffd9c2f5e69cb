#include "core/crypto/sealing.h"

#include <sodium.h>

#include <algorithm>
#include <optional>

#include "core/base/error.h"
#include "core/base/text.h"

namespace authctl::crypto {
namespace {

constexpr std::uint8_t version = 1;
constexpr std::size_t nonce_size = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES;
constexpr std::size_t tag_size = crypto_aead_xchacha20poly1305_ietf_ABYTES;
constexpr std::size_t head_size = 1 + nonce_size;
static_assert(sealing_key_size == crypto_aead_xchacha20poly1305_ietf_KEYBYTES);
static_assert(sealing_key_size == crypto_generichash_KEYBYTES);

// The version byte, then each part of the place with its length before it: no two places spell the same.
base::Bytes associated_data(const Place& place) {
  base::Bytes data{version};
  for (const std::string_view part : {place.table, place.column, place.row}) {
    for (int shift = 24; shift >= 0; shift -= 8)
      data.push_back(static_cast<std::uint8_t>(part.size() >> shift));
    data.insert(data.end(), part.begin(), part.end());
  }
  return data;
}

base::Secret keyed_hash(const base::Secret& key, std::string_view purpose) {
  auto out = base::Secret::zeroed(sealing_key_size);
  crypto_generichash(out.writable().data(), out.size(),
                     reinterpret_cast<const unsigned char*>(purpose.data()), purpose.size(),
                     key.reveal().data(), key.size());
  return out;
}

void require_key_size(const base::Secret& key) {
  if (key.size() == sealing_key_size) return;
  throw base::Error(base::ErrorCode::invalid,
                    "a sealing key has 32 bytes, this one has " + std::to_string(key.size()));
}

// Nothing where it does not open.
std::optional<base::Secret> open_with(const base::Secret& key, base::ByteView sealed, const Place& place) {
  if (sealed.size() < head_size + tag_size || sealed[0] != version) return std::nullopt;
  auto plain = base::Secret::zeroed(sealed.size() - head_size - tag_size);
  const auto data = associated_data(place);
  if (crypto_aead_xchacha20poly1305_ietf_decrypt(
          plain.writable().data(), nullptr, nullptr, sealed.data() + head_size, sealed.size() - head_size,
          data.data(), data.size(), sealed.data() + 1, key.reveal().data()) != 0)
    return std::nullopt;
  return plain;
}

}  // namespace

Sealer::Sealer(base::Secret key) : key_(std::move(key)) { require_key_size(key_); }

Sealer::Sealer(base::Secret key, base::Secret previous)
    : key_(std::move(key)), previous_(std::move(previous)) {
  require_key_size(key_);
  require_key_size(previous_);
}

Sealer Sealer::clone() const {
  Sealer copy(key_.clone());
  if (!previous_.empty()) copy.previous_ = previous_.clone();
  if (!root_.empty()) copy.root_ = root_.clone();
  return copy;
}

base::Bytes Sealer::seal(base::ByteView plain, const Place& place, base::Random& random) const {
  base::Bytes sealed(head_size + plain.size() + tag_size);
  sealed[0] = version;
  random.fill(std::span(sealed).subspan(1, nonce_size));
  const auto data = associated_data(place);
  crypto_aead_xchacha20poly1305_ietf_encrypt(sealed.data() + head_size, nullptr, plain.data(), plain.size(),
                                             data.data(), data.size(), nullptr, sealed.data() + 1,
                                             key_.reveal().data());
  return sealed;
}

base::Secret Sealer::open(base::ByteView sealed, const Place& place) const {
  if (auto plain = open_with(key_, sealed, place)) return std::move(*plain);
  if (!previous_.empty())
    if (auto plain = open_with(previous_, sealed, place)) return std::move(*plain);
  throw base::Error(base::ErrorCode::unverified,
                    "a sealed value in " + std::string(place.table) + "/" + std::string(place.column) +
                        " does not open: wrong key, or it was altered or moved",
                    "authctl master-key verify counts what does not open; restore a backup");
}

bool Sealer::is_current(base::ByteView sealed, const Place& place) const {
  return open_with(key_, sealed, place).has_value();
}

std::unique_ptr<Sealer> Sealer::previous() const {
  return previous_.empty() ? nullptr : std::make_unique<Sealer>(previous_.clone());
}

base::Secret Sealer::derive(std::string_view purpose) const {
  return keyed_hash(root_.empty() ? key_ : root_, "authctl derive " + std::string(purpose));
}

base::Secret Sealer::derive_own(std::string_view purpose) const {
  return keyed_hash(key_, "authctl derive own " + std::string(purpose));
}

void Sealer::keep_root(base::Secret root) {
  require_key_size(root);
  root_ = std::move(root);
}

base::Secret Sealer::root() const { return root_.empty() ? key_.clone() : root_.clone(); }

base::Bytes Sealer::seal_itself(const Sealer& outer, const Place& place, base::Random& random) const {
  auto both = base::Secret::zeroed(2 * sealing_key_size);
  std::ranges::copy(key_.reveal(), both.writable().begin());
  std::ranges::copy(root().reveal(), both.writable().begin() + sealing_key_size);
  return outer.seal(both.reveal(), place, random);
}

Sealer Sealer::adopt(const Sealer& outer, base::ByteView sealed, const Place& place) {
  const auto both = outer.open(sealed, place);
  if (both.size() != 2 * sealing_key_size)
    throw base::Error(base::ErrorCode::unverified, "a sealed data key has another size than ours",
                      "authctl master-key verify");
  Sealer sealer(base::Secret(both.reveal().first(sealing_key_size)));
  sealer.keep_root(base::Secret(both.reveal().subspan(sealing_key_size)));
  return sealer;
}

base::Secret make_sealing_key(base::Random& random) {
  auto key = base::Secret::zeroed(sealing_key_size);
  random.fill(key.writable());
  return key;
}

base::Secret parse_master_key(const base::Secret& text) {
  auto key = base::Secret::zeroed(sealing_key_size);
  const auto digits = base::without_newline(text.reveal_text());
  const bool right_length = digits.size() == (sealing_key_size * 4 + 2) / 3;
  if (!right_length || base::decode_base64url(digits, key.writable()) != sealing_key_size) {
    throw base::Error(base::ErrorCode::invalid, "the master key is not 32 bytes in base64url (43 characters)",
                      "name the file that authctl init made: --master-key-file FILE");
  }
  return key;
}

std::string format_master_key(const base::Secret& key) {
  require_key_size(key);
  return base::encode_base64url(key.reveal());
}

std::string master_key_id(const base::Secret& key) {
  require_key_size(key);
  return base::encode_base64url(keyed_hash(key, "authctl master key id").reveal().first(16));
}

}  // namespace authctl::crypto
