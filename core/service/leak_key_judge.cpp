// The other half of core/service/leak_judge.h: keys, and Fernet tokens, which are worth what their key is.
#include <algorithm>

#include "core/base/error.h"
#include "core/base/shell_word.h"
#include "core/service/keyring.h"
#include "core/service/leak_judge.h"

namespace authctl::service {
namespace {

constexpr std::size_t thumbprint_shown = 8;
constexpr std::size_t shortest_fernet = 98;  // characters, without padding

std::string thumbprint_of(const base::Secret& symmetric) {
  token::Jwk key;
  key.material.algorithm = crypto::Algorithm::hs256;
  key.material.k = symmetric.clone();
  return key.thumbprint();
}

// Of a Fernet token without its padding: version, time, IV, blocks of ciphertext, MAC.
bool is_fernet_length(std::size_t characters) {
  const std::size_t bytes = characters * 3 / 4;
  return characters % 4 != 1 && bytes >= token::fernet_overhead + 16 &&
         (bytes - token::fernet_overhead) % 16 == 0;
}

std::string padded(std::string_view text) {
  return std::string(text) + std::string((4 - text.size() % 4) % 4, '=');
}

bool is_known_end(const Leak& leak, std::size_t length) {
  return (length == leak.text.size() && !leak.cut) || std::ranges::find(leak.ends, length) != leak.ends.end();
}

// Version, and a time before the year 2242: noise may begin like a token, and goes on otherwise.
bool is_likely_fernet(std::string_view text) {
  std::uint8_t bytes[9];
  if (text.size() < 12 || !base::decode_base64url(text.substr(0, 12), bytes)) return false;
  return bytes[0] == 0x80 && std::all_of(bytes + 1, bytes + 4, [](auto byte) { return byte == 0; }) &&
         bytes[4] < 2;
}

// Each length once: where lines end, all of it, and any other that a short token could have.
std::vector<std::size_t> fernet_lengths(const Leak& leak, std::size_t& tries_left) {
  constexpr std::size_t searched = 4096;
  std::vector<std::size_t> lengths(leak.ends.begin(), leak.ends.end());
  if (!leak.cut) lengths.push_back(leak.text.size());
  std::erase_if(lengths, [](std::size_t n) { return !is_fernet_length(n); });
  const auto sure = lengths.size();
  for (std::size_t n = shortest_fernet; n < std::min(leak.text.size(), searched) && tries_left > 0; ++n) {
    if (!is_fernet_length(n) ||
        std::find(lengths.begin(), lengths.begin() + static_cast<std::ptrdiff_t>(sure), n) !=
            lengths.begin() + static_cast<std::ptrdiff_t>(sure))
      continue;
    lengths.push_back(n);
    --tries_left;
  }
  return lengths;
}

}  // namespace

std::optional<LeakJudge::Judgement> LeakJudge::judge_fernet(const Leak& leak, const Known& known) {
  if (!is_likely_fernet(leak.text)) return std::nullopt;
  std::optional<Judgement> foreign;
  for (const auto length : fernet_lengths(leak, tries_left_)) {
    const auto text = padded(leak.text.substr(0, length));
    Judgement judgement{length, length, {LeakKind::fernet_token, text}};
    auto& finding = judgement.finding;
    if (known(finding.digest)) return judgement;
    const auto verdict = fernet_.ring.open(text, {now_, std::nullopt}, buffer_);
    base::wipe(buffer_.data(), buffer_.size());
    finding.works = verdict.ok();
    if (verdict.ok() || verdict.reason == token::FernetReason::revoked_key) {
      if (!verdict.ok()) finding.refuse("revoked_key");
      finding.kid = fernet_.ring.kid(verdict.key);
      finding.issued_at = base::from_unix_seconds(static_cast<std::int64_t>(verdict.time));
      if (verdict.ok()) finding.hint = "authctl key rotate --use fernet --emergency";
      return judgement;
    }
    if (foreign || !is_known_end(leak, length) || !token::read_fernet_header(text)) continue;
    finding.refuse("unknown_key");
    judgement.taken = shortest_fernet;
    foreign = std::move(judgement);
  }
  if (foreign || !leak.cut) return foreign;
  // Only its beginning is at hand, which anybody could have written.
  constexpr std::size_t looked_at = 1024;
  Judgement judgement{
      leak.text.size(), shortest_fernet, {LeakKind::fernet_token, leak.text.substr(0, looked_at)}};
  judgement.finding.reason = "too_long";
  return judgement;
}

// Nothing tells 32 bytes of a Fernet key from any others, so only those of ours are named.
std::optional<LeakJudge::Judgement> LeakJudge::judge_fernet_key(const Leak& leak) {
  try {
    const auto thumbprint = thumbprint_of(token::parse_fernet_key(padded(leak.text)));
    if (!keys().contains(thumbprint)) return std::nullopt;
    Judgement judgement{leak.text.size(), leak.text.size(), {leak.kind, leak.text}};
    judge_thumbprint(thumbprint, judgement.finding);
    return judgement;
  } catch (const base::Error&) {
    return std::nullopt;  // not the one spelling of 32 bytes
  }
}

std::optional<LeakJudge::Judgement> LeakJudge::judge_key(const Leak& leak) {
  Judgement judgement{leak.text.size(), leak.text.size(), {leak.kind, leak.text}};
  auto& finding = judgement.finding;
  try {
    token::Jwk key;
    if (leak.kind == LeakKind::private_key) {
      key.material = crypto::parse_pem(leak.text);
    } else {
      key = token::parse_jwk(leak.text);
    }
    if (!key.is_private()) return std::nullopt;
    judge_thumbprint(key.thumbprint(), finding);
  } catch (const base::Error&) {
    // Encrypted, of another kind, or damaged: whether it is one of ours cannot be told.
    finding.reason = leak.text.find("ENCRYPTED") == leak.text.npos ? "unreadable" : "encrypted";
  }
  return judgement;
}

void LeakJudge::judge_thumbprint(const std::string& thumbprint, LeakFinding& finding) {
  finding.name = thumbprint.substr(0, thumbprint_shown);
  const auto found = keys().find(thumbprint);
  if (found == keys().end()) return finding.refuse("unknown_key");
  const auto& row = found->second;
  finding.kid = row.kid;
  finding.issued_at = row.created_at;
  finding.expires_at = row.retires_at;
  if (row.state == store::KeyState::revoked) return finding.refuse("revoked_key");
  if (is_gone(row, now_)) return finding.refuse("unknown_key");
  finding.works = true;
  finding.hint = row.state == store::KeyState::active
                     ? "authctl key rotate --use " + std::string(store::word_of(row.use)) + " --emergency"
                     : "authctl key revoke " + base::shell_word(row.kid);
}

const std::map<std::string, store::KeyRow, std::less<>>& LeakJudge::keys() {
  if (keys_) return *keys_;
  keys_.emplace();
  for (auto& row : store::KeyRepository(realm_.db()).list()) {
    const auto thumbprint = row.use == store::KeyUse::fernet ? thumbprint_of(open_fernet_key(realm_, row))
                            : row.public_jwk                 ? token::parse_jwk(*row.public_jwk).thumbprint()
                                                             : open_jwk(realm_, row).thumbprint();
    keys_->emplace(thumbprint, std::move(row));
  }
  return *keys_;
}

}  // namespace authctl::service
