#include "core/service/leak_judge.h"

#include <algorithm>

#include "core/base/error.h"
#include "core/service/clients.h"
#include "core/service/keyring.h"
#include "core/service/sessions.h"
#include "core/service/sign_in_completion.h"
#include "core/store/one_time_repository.h"
#include "core/store/token_repository.h"
#include "core/store/user_repository.h"

namespace authctl::service {
namespace {

constexpr std::size_t jti_shown = 8;
// Signatures in base64url: ECDSA and EdDSA on three curves, three HMACs, RSA of the usual sizes.
constexpr std::size_t usual_signatures[] = {86, 43, 342, 512, 683, 128, 176, 64, 1366};

crypto::Digest digest_of(std::string_view text) { return crypto::sha256(base::bytes_of(text)); }

void refuse(LeakFinding& finding, std::string_view reason) {
  finding.works = false;
  finding.reason = reason;
}

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

// Version, and a time before the year 2242: noise may begin like a token, and goes on otherwise.
bool is_likely_fernet(std::string_view text) {
  std::uint8_t bytes[9];
  if (text.size() < 12 || !base::decode_base64url(text.substr(0, 12), bytes)) return false;
  return bytes[0] == 0x80 && std::all_of(bytes + 1, bytes + 4, [](auto byte) { return byte == 0; }) &&
         bytes[4] < 2;
}

// Each length once, the likeliest first.
std::vector<std::size_t> fernet_lengths(const Leak& leak, std::size_t& tries_left) {
  constexpr std::size_t searched = 4096;  // beyond it a token ends where its line does
  std::vector<std::size_t> lengths{leak.text.size()};
  lengths.insert(lengths.end(), leak.ends.begin(), leak.ends.end());
  std::erase_if(lengths, [](std::size_t n) { return !is_fernet_length(n); });
  for (std::size_t n = 98; n < leak.text.size() && leak.text.size() <= searched && tries_left > 0; ++n) {
    if (!is_fernet_length(n) || std::ranges::find(lengths, n) != lengths.end()) continue;
    lengths.push_back(n);
    --tries_left;
  }
  return lengths;
}

std::string_view algorithm_said(std::string_view text, base::json::object& header) {
  const auto bytes = base::decode_base64url(text.substr(0, text.find('.')));
  const auto value = bytes ? base::parse_json(base::text_of(*bytes)) : std::nullopt;
  if (!value || !value->is_object()) return {};
  header = value->get_object();
  const auto* alg = header.if_contains("alg");
  return alg && alg->is_string() ? std::string_view(alg->get_string()) : std::string_view();
}

}  // namespace

std::string_view word_of(LeakKind kind) {
  static constexpr std::string_view words[] = {
      "jwt",       "fernet_token", "fernet_key",  "client_secret", "refresh_token",
      "mfa_token", "reset_token",  "backup_code", "private_key",   "private_jwk"};
  return words[static_cast<std::size_t>(kind)];
}

std::string_view word_of(credential::LeakForm form) {
  static constexpr std::string_view words[] = {"plain", "folded", "escaped", "base64"};
  return words[static_cast<std::size_t>(form)];
}

LeakJudge::LeakJudge(Realm& realm, base::Duration idle)
    : realm_(realm),
      idle_(idle),
      now_(realm.now()),
      trusted_(trusted_keys(realm, now_)),
      verifier_(trusted_, token::Expectations{}),
      fernet_(fernet_keys(realm)) {}

LeakJudge::~LeakJudge() { base::wipe(buffer_.data(), buffer_.size()); }

std::optional<LeakJudge::Judgement> LeakJudge::judge(const Leak& leak, const Known& known) {
  if (leak.kind == LeakKind::jwt) return judge_token(leak, known);
  if (leak.kind == LeakKind::fernet_token) return judge_fernet(leak, known);
  Judgement judgement{leak.text.size(), {}};
  auto& finding = judgement.finding;
  finding.kind = leak.kind;
  finding.digest = digest_of(leak.text);
  if (known(finding.digest)) return judgement;
  switch (leak.kind) {
    case LeakKind::client_secret:
      judge_client_secret(leak, finding);
      return judgement;
    case LeakKind::refresh_token:
      judge_refresh(leak, finding);
      return judgement;
    case LeakKind::mfa_token:
    case LeakKind::reset_token:
      judge_one_time(finding);
      return judgement;
    case LeakKind::fernet_key:
      return judge_fernet_key(leak);
    case LeakKind::private_key:
    case LeakKind::private_jwk:
      return judge_key(leak);
    default:
      return std::nullopt;
  }
}

// Where lines may have been joined that were not one token, or where noise follows at once, the algorithm
// says how long the signature is.
std::vector<std::size_t> LeakJudge::token_lengths(std::string_view text,
                                                  std::span<const std::size_t> ends) const {
  base::json::object header;
  const auto alg = algorithm_said(text, header);
  const auto signature = text.rfind('.') + 1;
  std::vector<std::size_t> lengths;
  const auto add = [&](std::size_t length) {
    if (length <= text.size() && std::ranges::find(lengths, length) == lengths.end())
      lengths.push_back(length);
  };
  for (const auto& entry : trusted_->entries()) {
    if (entry.key.alg() != alg) continue;
    const auto bits = static_cast<std::size_t>(entry.key.bits());
    const auto bytes = alg == "RS256" ? bits / 8 : alg == "HS256" ? 32 : 64;
    add(signature + base::base64url_size(bytes, base::Padding::absent));
  }
  for (const auto size : usual_signatures)
    if (signature + size == text.size() || std::ranges::find(ends, signature + size) != ends.end())
      add(signature + size);
  add(text.size());
  for (const auto end : ends) add(end);
  for (const auto size : usual_signatures) add(signature + size);
  return lengths;
}

std::optional<LeakJudge::Judgement> LeakJudge::judge_token(const Leak& leak, const Known& known) {
  std::optional<Judgement> broken;
  for (const auto length : token_lengths(leak.text, leak.ends)) {
    const auto text = leak.text.substr(0, length);
    Judgement judgement{length, {}};
    judgement.finding.digest = digest_of(text);
    if (known(judgement.finding.digest)) return judgement;
    const auto verdict = verifier_.verify(text, now_);
    if (verdict.reason == token::Reason::malformed) continue;
    fill_token(verdict, judgement.finding);
    if (verdict.reason != token::Reason::bad_signature) return judgement;
    if (!broken) broken = std::move(judgement);
  }
  return broken;
}

void LeakJudge::fill_token(const token::Verdict& verdict, LeakFinding& finding) {
  auto reason = verdict.reason;
  if (const auto subject = subject_of(verdict)) {
    if (!reason) reason = store_refusal(realm_, *subject, now_);
    finding.name = subject->jti.substr(0, jti_shown);
    finding.user = user_named(subject->sub);
    finding.issued_at = subject->issued_at;
    finding.expires_at = subject->expires_at;
    const auto row =
        subject->jti.empty() || subject->jti.size() > 256 || subject->jti.find('\0') != std::string::npos
            ? std::nullopt
            : store::TokenRepository(realm_.db()).find(subject->jti);
    if (row && row->kid == subject->kid && row->client_id) {
      const auto client = store::find_client(realm_.db(), *row->client_id);
      finding.client = client ? client->name : *row->client_id;
    }
    finding.token = *subject;
  }
  if (trusted_->find(verdict.kid)) finding.kid = std::string(verdict.kid);
  finding.works = !reason;
  finding.reason = reason ? token::word_of(*reason) : "";
  finding.to_come = reason == token::Reason::not_yet_valid;
}

std::optional<LeakJudge::Judgement> LeakJudge::judge_fernet(const Leak& leak, const Known& known) {
  if (leak.cut) return judge_long_fernet(leak);
  if (!is_likely_fernet(leak.text)) return std::nullopt;
  std::optional<Judgement> foreign;
  for (const auto length : fernet_lengths(leak, tries_left_)) {
    const auto text = padded(leak.text.substr(0, length));
    Judgement judgement{length, {}};
    auto& finding = judgement.finding;
    finding.kind = LeakKind::fernet_token;
    finding.digest = digest_of(text);
    if (known(finding.digest)) return judgement;
    const auto verdict = fernet_.ring.open(text, {now_, std::nullopt}, buffer_);
    base::wipe(buffer_.data(), buffer_.size());
    const bool revoked = verdict.reason == token::FernetReason::revoked_key;
    if (!revoked && !verdict.ok() && !token::read_fernet_header(text)) continue;
    refuse(finding, "unknown_key");
    if (verdict.ok() || revoked) {
      finding.works = verdict.ok();
      finding.reason = revoked ? "revoked_key" : "";
      finding.kid = fernet_.ring.kid(verdict.key);
      if (verdict.time < 253402300800)
        finding.issued_at = base::from_unix_seconds(static_cast<std::int64_t>(verdict.time));
      if (verdict.ok()) finding.hint = "authctl key rotate --use fernet --emergency";
      return judgement;
    }
    if (!foreign) foreign = std::move(judgement);
  }
  return foreign;
}

// Only its beginning is at hand, which anybody could have written.
std::optional<LeakJudge::Judgement> LeakJudge::judge_long_fernet(const Leak& leak) {
  constexpr std::size_t beginning = 100;
  if (!is_likely_fernet(leak.text)) return std::nullopt;
  Judgement judgement{beginning, {}};
  judgement.finding.kind = LeakKind::fernet_token;
  judgement.finding.digest = digest_of(leak.text);
  judgement.finding.reason = "too_long";
  return judgement;
}

void LeakJudge::judge_client_secret(const Leak& leak, LeakFinding& finding) {
  const auto standing = standing_of_secret(realm_.db(), leak.text, now_);
  if (!standing) return refuse(finding, "unknown");
  finding.client = standing->client.name;
  finding.client_id = finding.name = standing->client.id;
  finding.issued_at = standing->created_at;
  finding.expires_at = standing->expires_at;
  finding.works = standing->works;
  if (!standing->works)
    finding.reason = standing->client.status == store::ClientStatus::active ? "expired" : "client_disabled";
}

void LeakJudge::judge_refresh(const Leak& leak, LeakFinding& finding) {
  const auto standing = standing_of_refresh(realm_.db(), leak.text, now_, idle_);
  if (!standing) return refuse(finding, "unknown");
  finding.name = finding.session_id = standing->session.id;
  finding.user = standing->session.user;
  finding.client = standing->session.client_id;
  if (const auto client = store::find_client(realm_.db(), standing->session.client_id))
    finding.client = client->name;
  finding.kid = standing->session.kid;
  finding.issued_at = standing->token.issued_at;
  finding.expires_at = standing->session.ends_at;
  finding.works = !standing->refusal;
  if (standing->refusal) finding.reason = standing->token.used_at ? "used" : word_of(*standing->refusal);
}

void LeakJudge::judge_one_time(LeakFinding& finding) {
  store::OneTimeRepository secrets(realm_.db());
  const bool challenge = finding.kind == LeakKind::mfa_token;
  const auto row =
      challenge ? secrets.look_at_challenge(finding.digest) : secrets.look_at_reset(finding.digest);
  if (!row) return refuse(finding, "unknown");
  const auto user = store::find_user_by_id(realm_.db(), row->user_id);
  if (user) finding.user = user->name;
  finding.user_id = row->user_id;
  finding.issued_at = row->created_at;
  finding.expires_at = row->expires_at;
  finding.works = true;
  if (row->used_at) return refuse(finding, "used");
  if (row->expires_at <= realm_.by_clock()) return refuse(finding, "expired");
  if (challenge && row->failures >= challenge_tries) return refuse(finding, "no_tries_left");
  if (!user || user->status == store::UserStatus::disabled) return refuse(finding, "user_disabled");
}

// Nothing tells 32 bytes of a Fernet key from any others, so only those of ours are named.
std::optional<LeakJudge::Judgement> LeakJudge::judge_fernet_key(const Leak& leak) {
  try {
    const auto thumbprint = thumbprint_of(token::parse_fernet_key(padded(leak.text)));
    if (!keys().contains(thumbprint)) return std::nullopt;
    Judgement judgement{leak.text.size(), {}};
    judgement.finding.kind = leak.kind;
    judgement.finding.digest = digest_of(leak.text);
    judge_thumbprint(thumbprint, judgement.finding);
    return judgement;
  } catch (const base::Error&) {
    return std::nullopt;  // not the one spelling of 32 bytes
  }
}

std::optional<LeakJudge::Judgement> LeakJudge::judge_key(const Leak& leak) {
  Judgement judgement{leak.text.size(), {}};
  auto& finding = judgement.finding;
  finding.kind = leak.kind;
  finding.digest = digest_of(leak.text);
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
  finding.name = thumbprint.substr(0, jti_shown);
  const auto found = keys().find(thumbprint);
  if (found == keys().end()) return refuse(finding, "unknown_key");
  const auto& row = found->second;
  finding.kid = row.kid;
  finding.issued_at = row.created_at;
  finding.expires_at = row.retires_at;
  if (row.state == store::KeyState::revoked) return refuse(finding, "revoked_key");
  if (is_gone(row, now_)) return refuse(finding, "unknown_key");
  finding.works = true;
  finding.hint = row.state == store::KeyState::active
                     ? "authctl key rotate --use " + std::string(store::word_of(row.use)) + " --emergency"
                     : "authctl key revoke " + row.kid;
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

std::optional<std::string> LeakJudge::user_named(const std::string& id) {
  if (id.empty() || id.size() > 256 || id.find('\0') != std::string::npos) return std::nullopt;
  const auto user = store::find_user_by_id(realm_.db(), id);
  return user ? std::optional(user->name) : std::nullopt;
}

}  // namespace authctl::service
