#include "core/token/fernet.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "core/base/error.h"

namespace authctl::token {
namespace {

using base::ByteView;
using base::Padding;
using crypto::EncryptThenMac;

constexpr std::uint8_t fernet_version = 0x80;
constexpr std::size_t header_size = 1 + 8 + fernet_iv_size;
constexpr std::size_t block_size = EncryptThenMac::block_size;
// Bytes that go through cipher, MAC and base64 together, so that they are still in the nearest cache for the
// next. A multiple of 3, of 4 and of the block.
constexpr std::size_t piece_size = 12 * 1024;

std::uint64_t read_time(ByteView raw) {
  std::uint64_t time = 0;
  for (std::size_t i = 1; i < 9; ++i) time = time << 8 | raw[i];
  return time;
}

// The bytes that a padded text stands for, were it good.
std::size_t raw_size_of(std::string_view token) {
  return token.size() / 4 * 3 - (token.ends_with("==") ? 2 : token.ends_with('=') ? 1 : 0);
}

std::optional<FernetReason> refuse_time(std::uint64_t time, const FernetLimits& limits) {
  if (!limits.ttl) return std::nullopt;
  const auto now = static_cast<std::uint64_t>(std::max<std::int64_t>(0, base::to_unix_seconds(limits.now)));
  if (time > now && time - now > static_cast<std::uint64_t>(fernet_clock_skew.count())) {
    return FernetReason::from_future;
  }
  if (time < now && now - time > static_cast<std::uint64_t>(limits.ttl->count()))
    return FernetReason::expired;
  return std::nullopt;
}

// PKCS #7 (RFC 5652 section 6.3); nothing where it is not that.
std::optional<std::size_t> size_without_padding(ByteView plain) {
  const std::size_t count = plain.back();
  unsigned wrong = static_cast<unsigned>(count == 0) | static_cast<unsigned>(count > block_size);
  const ByteView last = plain.last(block_size);
  for (std::size_t i = 0; i < block_size; ++i) {
    wrong |= static_cast<unsigned>(i + count >= block_size) & static_cast<unsigned>(last[i] != count);
  }
  return wrong == 0 ? std::optional(plain.size() - count) : std::nullopt;
}

// A token on its way out: raw bytes are gathered, and leave as text three by three.
class TokenText {
 public:
  explicit TokenText(char* out) : out_(out) {}
  std::uint8_t* end() { return raw_.data() + fill_; }
  void grow(std::size_t count) { fill_ += count; }
  ByteView last(std::size_t count) const { return {raw_.data() + fill_ - count, count}; }

  void flush_groups() {
    const std::size_t whole = fill_ / 3 * 3;
    write(whole, Padding::absent);
    std::memmove(raw_.data(), raw_.data() + whole, fill_ - whole);
    fill_ -= whole;
  }
  void flush_all() { write(fill_, Padding::present); }

 private:
  void write(std::size_t count, Padding padding) {
    const std::size_t size = base::base64url_size(count, padding);
    base::encode_base64url({raw_.data(), count}, padding, {out_, size});
    out_ += size;
  }
  std::array<std::uint8_t, header_size + piece_size + block_size + EncryptThenMac::mac_size> raw_;
  std::size_t fill_ = 0;
  char* out_;
};

}  // namespace

base::Secret make_fernet_key(base::Random& random) {
  auto key = base::Secret::zeroed(fernet_key_size);
  random.fill(key.writable());
  return key;
}

base::Secret parse_fernet_key(std::string_view text) {
  auto key = base::Secret::zeroed(33);
  const auto size =
      text.size() == 44 ? base::decode_base64url(text, Padding::present, key.writable()) : std::nullopt;
  if (size != fernet_key_size) {
    throw base::Error(base::ErrorCode::invalid,
                      "not a Fernet key: 32 bytes in padded base64url are 44 characters",
                      "authctl fernet keygen");
  }
  return base::Secret(key.reveal().first(fernet_key_size));
}

base::Secret format_fernet_key(const base::Secret& key) {
  auto text = base::Secret::zeroed(base::base64url_size(key.size(), Padding::present));
  const auto out = text.writable();
  base::encode_base64url(key.reveal(), Padding::present, {reinterpret_cast<char*>(out.data()), out.size()});
  return text;
}

std::string_view word_of(FernetReason reason) {
  switch (reason) {
    case FernetReason::malformed:
      return "malformed";
    case FernetReason::wrong_version:
      return "wrong_version";
    case FernetReason::expired:
      return "expired";
    case FernetReason::from_future:
      return "from_future";
    case FernetReason::invalid:
      return "invalid";
    case FernetReason::revoked_key:
      return "revoked_key";
  }
  return "invalid";
}

std::string_view explanation_of(FernetReason reason) {
  switch (reason) {
    case FernetReason::malformed:
      return "it is not padded, canonical base64url";
    case FernetReason::wrong_version:
      return "its version is not 0x80";
    case FernetReason::expired:
      return "it is older than the time to live";
    case FernetReason::from_future:
      return "its time is more than 60 s ahead";
    case FernetReason::invalid:
      return "no key fits: it is under another key, altered or cut short";
    case FernetReason::revoked_key:
      return "its key is revoked";
  }
  return "";
}

std::optional<FernetHeader> read_fernet_header(std::string_view token) {
  if (token.size() < 36 || token.size() % 4 != 0) return std::nullopt;
  std::array<std::uint8_t, 27> head{};
  if (!base::decode_base64url(token.substr(0, 36), head)) return std::nullopt;
  base::Bytes piece(piece_size);  // canonical to the end, without holding it all
  for (auto rest = token; !rest.empty();) {
    const auto part = rest.substr(0, piece_size);
    rest.remove_prefix(part.size());
    const auto padding = rest.empty() ? Padding::present : Padding::absent;
    if (!base::decode_base64url(part, padding, piece)) return std::nullopt;
  }
  const std::size_t size = raw_size_of(token);
  if (size < fernet_overhead) return std::nullopt;
  return FernetHeader{head[0], read_time(head), size - fernet_overhead};
}

void FernetRing::add(const base::Secret& key, std::string kid, FernetKeyRole role) {
  if (key.size() != fernet_key_size)
    throw base::Error(base::ErrorCode::invalid, "a Fernet key has 32 bytes",
                      "authctl fernet keygen makes one");
  const auto bytes = key.reveal();
  keys_.push_back({key.clone(), std::move(kid), role, EncryptThenMac(bytes.first(16), bytes.last(16))});
}

FernetRing FernetRing::clone() const {
  FernetRing copy;
  for (const auto& key : keys_) copy.add(key.bytes, key.kid, key.role);
  return copy;
}

void FernetRing::encrypt(ByteView payload, std::uint64_t unix_seconds, ByteView iv, std::string& token) {
  if (keys_.empty() || keys_.front().role != FernetKeyRole::opens) {
    throw base::Error(base::ErrorCode::invalid, "there is no Fernet key to encrypt with",
                      "authctl fernet keygen");
  }
  auto& cipher = keys_.front().cipher;
  const std::size_t padded = payload.size() / block_size * block_size + block_size;
  token.resize(base::base64url_size(fernet_overhead + padded, Padding::present));
  TokenText text(token.data());
  std::uint8_t* head = text.end();
  head[0] = fernet_version;
  for (std::size_t i = 0; i < 8; ++i) head[1 + i] = static_cast<std::uint8_t>(unix_seconds >> (56 - 8 * i));
  cipher.begin_encryption(iv);
  cipher.begin_mac();
  std::memcpy(head + 9, iv.data(), fernet_iv_size);
  text.grow(header_size);
  std::size_t unsigned_bytes = header_size;
  while (payload.size() >= piece_size) {
    cipher.encrypt(payload.first(piece_size), text.end());
    text.grow(piece_size);
    cipher.add_to_mac(text.last(unsigned_bytes + piece_size));
    unsigned_bytes = 0;
    text.flush_groups();
    payload = payload.subspan(piece_size);
  }
  const std::size_t fill = block_size - payload.size() % block_size;
  std::uint8_t* last = text.end();
  if (!payload.empty()) std::memcpy(last, payload.data(), payload.size());
  std::memset(last + payload.size(), static_cast<int>(fill), fill);
  cipher.encrypt({last, payload.size() + fill}, last);
  text.grow(payload.size() + fill);
  cipher.add_to_mac(text.last(unsigned_bytes + payload.size() + fill));
  const auto mac = cipher.end_mac();
  std::memcpy(text.end(), mac.data(), mac.size());
  text.grow(mac.size());
  text.flush_all();
}

// The other keys, where the one that was tried while decoding does not fit.
std::optional<std::size_t> FernetRing::find_key(ByteView raw, const EncryptThenMac::Mac& mac_of_last) {
  const ByteView mac = raw.last(EncryptThenMac::mac_size);
  if (base::equal_constant_time(mac, mac_of_last)) return last_;
  for (std::size_t i = 0; i < keys_.size(); ++i) {
    if (i == last_) continue;
    auto& cipher = keys_[i].cipher;
    cipher.begin_mac();
    cipher.add_to_mac(raw.first(raw.size() - mac.size()));
    if (base::equal_constant_time(mac, cipher.end_mac())) return i;
  }
  return std::nullopt;
}

// Spec "Verifying", steps 1 to 3: encoding, version, time, MAC. The MAC is reckoned piece by piece while
// decoding.
std::optional<FernetReason> FernetRing::authenticate(std::string_view token, const FernetLimits& limits,
                                                     std::span<std::uint8_t> raw, FernetVerdict& verdict) {
  std::size_t done = 0, summed = 0;
  const std::size_t signed_size = raw.size() < fernet_overhead ? 0 : raw.size() - EncryptThenMac::mac_size;
  EncryptThenMac* cipher = keys_.empty() ? nullptr : &keys_[last_].cipher;
  if (cipher != nullptr) cipher->begin_mac();
  std::optional<FernetReason> reason;
  while (!token.empty()) {
    const auto part = token.substr(0, piece_size / 3 * 4);
    token.remove_prefix(part.size());
    const auto padding = token.empty() ? Padding::present : Padding::absent;
    const auto count = base::decode_base64url(part, padding, raw.subspan(done));
    if (!count) return FernetReason::malformed;
    if (done == 0 && raw[0] != fernet_version) reason = FernetReason::wrong_version;
    if (done == 0 && !reason && raw.size() > fernet_overhead) {
      verdict.time = read_time(raw);
      reason = refuse_time(verdict.time, limits);
    }
    done += *count;
    const std::size_t sum_to = std::min(done, signed_size);
    if (!reason && cipher != nullptr && sum_to > summed)
      cipher->add_to_mac(raw.subspan(summed, sum_to - summed));
    summed = std::max(summed, sum_to);
  }
  if (reason) return reason;
  if (raw.size() <= fernet_overhead || (raw.size() - fernet_overhead) % block_size != 0 ||
      cipher == nullptr) {
    return FernetReason::invalid;
  }
  const auto key = find_key(raw, cipher->end_mac());
  if (!key) return FernetReason::invalid;
  verdict.key = *key;
  if (keys_[*key].role == FernetKeyRole::quarantined) return FernetReason::revoked_key;
  last_ = *key;
  return std::nullopt;
}

FernetVerdict FernetRing::open(std::string_view token, const FernetLimits& limits, base::Bytes& buffer) {
  FernetVerdict verdict;
  if (token.size() % 4 != 0) {
    verdict.reason = FernetReason::malformed;
    return verdict;
  }
  const std::size_t size = raw_size_of(token);
  if (buffer.size() < size) buffer.resize(size);
  const std::span<std::uint8_t> raw(buffer.data(), size);
  verdict.reason = authenticate(token, limits, raw, verdict);
  if (verdict.reason) return verdict;
  auto& cipher = keys_[verdict.key].cipher;
  const auto body = raw.subspan(header_size, size - fernet_overhead);
  const auto iv_and_body = raw.subspan(header_size - fernet_iv_size, fernet_iv_size + body.size());
  cipher.decrypt(iv_and_body, iv_and_body.data());
  const auto plain_size = size_without_padding(body);
  if (!plain_size) {
    base::wipe(body.data(), body.size());
    verdict.reason = FernetReason::invalid;
    return verdict;
  }
  verdict.payload = body.first(*plain_size);
  return verdict;
}

}  // namespace authctl::token
