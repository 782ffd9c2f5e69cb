#include "core/service/leak_judge.h"

#include <algorithm>

#include "core/credential/backup_code.h"
#include "core/service/clients.h"
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

LeakFinding::LeakFinding(LeakKind which, std::string_view text)
    : kind(which), digest(crypto::sha256(base::bytes_of(text))) {}

void LeakFinding::refuse(std::string_view why) {
  works = false;
  reason = why;
}

LeakJudge::LeakJudge(Realm& realm, base::Duration idle)
    : realm_(realm),
      idle_(idle),
      now_(realm.now()),
      trusted_(trusted_keys(realm, now_)),
      verifier_(trusted_, token::Expectations{}),
      fernet_(fernet_keys(realm)),
      codes_(realm) {}

LeakJudge::~LeakJudge() { base::wipe(buffer_.data(), buffer_.size()); }

std::optional<LeakJudge::Judgement> LeakJudge::judge(const Leak& leak, const Known& known) {
  if (leak.kind == LeakKind::jwt) return judge_token(leak, known);
  if (leak.kind == LeakKind::fernet_token) return judge_fernet(leak, known);
  Judgement judgement{leak.text.size(), leak.text.size(), {leak.kind, leak.text}};
  auto& finding = judgement.finding;
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
    case LeakKind::backup_code:
      return judge_code(leak, finding) ? std::optional(std::move(judgement)) : std::nullopt;
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
    Judgement judgement{length, length, {LeakKind::jwt, text}};
    if (known(judgement.finding.digest)) return judgement;
    const auto verdict = verifier_.verify(text, now_);
    if (verdict.reason == token::Reason::malformed) continue;
    fill_token(verdict, judgement.finding);
    // Where its end is not certain, the next one may begin before it.
    if (!verdict.claims) judgement.taken = leak.text.rfind('.') + 1;
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

void LeakJudge::judge_client_secret(const Leak& leak, LeakFinding& finding) {
  const auto standing = standing_of_secret(realm_.db(), leak.text, now_);
  if (!standing) return finding.refuse("unknown");
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
  if (!standing) return finding.refuse("unknown");
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
  if (!row) return finding.refuse("unknown");
  const bool shut = !belongs_to(row->user_id, finding);
  finding.issued_at = row->created_at;
  finding.expires_at = row->expires_at;
  finding.works = true;
  if (row->used_at) return finding.refuse("used");
  if (row->expires_at <= realm_.by_clock()) return finding.refuse("expired");
  if (challenge && row->failures >= challenge_tries) return finding.refuse("no_tries_left");
  if (shut) return finding.refuse("user_disabled");
}

// Four groups of letters may be anything, so only those of ours are named.
bool LeakJudge::judge_code(const Leak& leak, LeakFinding& finding) {
  const auto code = credential::normal_backup_code(base::Secret(leak.text));
  const auto owned = code ? codes_.find(*code) : std::nullopt;
  if (!owned) return false;
  const bool shut = !belongs_to(owned->user_id, finding);
  finding.mac = owned->mac;
  finding.issued_at = owned->created_at;
  finding.works = true;
  if (owned->used_at) {
    finding.refuse("used");
  } else if (shut) {
    finding.refuse("user_disabled");
  }
  return true;
}

bool LeakJudge::belongs_to(const std::string& user_id, LeakFinding& finding) {
  const auto user = store::find_user_by_id(realm_.db(), user_id);
  if (user) finding.user = user->name;
  finding.user_id = user_id;
  return user && user->status == store::UserStatus::active;
}

std::optional<std::string> LeakJudge::user_named(const std::string& id) {
  if (id.empty() || id.size() > 256 || id.find('\0') != std::string::npos) return std::nullopt;
  const auto user = store::find_user_by_id(realm_.db(), id);
  return user ? std::optional(user->name) : std::nullopt;
}

}  // namespace authctl::service
