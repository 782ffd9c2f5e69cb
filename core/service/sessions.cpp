#include "core/service/sessions.h"

#include <algorithm>
#include <sstream>

#include "core/base/text.h"
#include "core/service/one_time_secret.h"
#include "core/store/key_repository.h"
#include "core/store/token_repository.h"

namespace authctl::service {
namespace {
using base::Timestamp;
using store::RefreshRow;
using store::SessionRepository;

constexpr std::size_t session_id_bytes = 16;
constexpr std::chrono::seconds same_client_again{10};
constexpr std::size_t longest_user_agent = 200;
constexpr std::size_t jti_shown = 8;
// Sessions that were over so long ago are of no use to anybody; a few go with each sign-in.
constexpr std::chrono::days kept_after_end{30};
constexpr std::int64_t pruned_for_each_session = 4;

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const auto& word : words) text += (text.empty() ? "" : " ") + word;
  return text;
}

std::vector<std::string> words_of(const std::string& text) {
  std::istringstream in(text);
  std::vector<std::string> words;
  for (std::string word; in >> word;) words.push_back(word);
  return words;
}

// Printable, and short: it came from outside and is only looked at.
std::string cut_user_agent(std::string_view text) {
  auto shown = base::printable(text.substr(0, longest_user_agent));
  if (shown.size() > longest_user_agent) shown.resize(longest_user_agent);
  while (!shown.empty() && !base::is_utf8(shown)) shown.pop_back();
  return shown;
}

std::string make_session_id(base::Random& random) {
  base::Bytes bytes(session_id_bytes);
  random.fill(bytes);
  return base::encode_hex(bytes);
}

void keep_refresh(Change& c, const std::string& session_id, std::int64_t generation,
                  const base::Secret& token) {
  SessionRepository(c.db()).insert_refresh(session_id, generation, *hash_one_time_secret(token.reveal_text()),
                                           c.now());
}

// A browser drops a cookie above 4096 bytes without a word, and a server refuses a head above its own limit.
constexpr std::size_t most_roles_bytes = 1800;

// No access token outlives its session.
SettledToken settle_access(Change& c, const store::SessionRow& session, const store::UserRow& user,
                           const std::vector<std::string>& scopes, const SessionRules& rules,
                           ActiveSigner& signer) {
  TokenRequest request;
  const auto left = std::chrono::duration_cast<base::Duration>(session.ends_at - c.now());
  request.ttl = std::max(base::Duration{1}, std::min(rules.access_ttl, left));
  request.issuer = rules.issuer;
  request.audiences = rules.audiences;
  request.scopes = scopes;
  request.sid = session.id;
  request.client_id = session.client_id;
  return settle_token(c, request, user, signer);
}

SessionTokens tokens_of(SettledToken access, base::Secret refresh, const store::SessionRow& session,
                        store::UserRow user, std::vector<std::string> scopes, Timestamp now) {
  SessionTokens tokens;
  tokens.session_id = session.id;
  auto& roles = access.claims.at("roles").as_array();
  for (const auto& role : roles) tokens.roles.emplace_back(role.as_string());
  if (base::json::serialize(roles).size() > most_roles_bytes) roles.clear();
  tokens.expires_in = std::chrono::duration_cast<base::Duration>(
      access.expires_at - base::from_unix_seconds(base::to_unix_seconds(now)));
  tokens.access = std::move(access);
  tokens.refresh = std::move(refresh);
  tokens.ends_at = session.ends_at;
  tokens.remember_me = session.remember_me;
  tokens.user = std::move(user);
  tokens.scopes = std::move(scopes);
  return tokens;
}

audit::Event session_event(std::string_view action, const SessionOfUser& session, base::json::object detail) {
  detail["user"] = session.user_id;
  return {
      std::string(action), {"session", session.id, session.user}, audit::Outcome::success, std::move(detail)};
}

// Why the session cannot go on, for a reason that is not the token's own.
std::optional<RefreshRefusal> shut(store::Database& db, const SessionOfUser& session,
                                   const store::UserRow* user, const RefreshRow& token, Timestamp now,
                                   base::Duration idle) {
  if (session.ended_at) return RefreshRefusal::ended;
  if (now >= session.ends_at) return RefreshRefusal::expired;
  if (now >= session.last_used_at + idle) return RefreshRefusal::idle;
  if (user == nullptr || user->status == store::UserStatus::disabled ||
      user->tokens_valid_from > session.created_at)
    return RefreshRefusal::user_shut;
  // A key that was revoked, or whose tokens of that time were, takes what hangs on it along.
  const auto key = store::KeyRepository(db).find(session.kid);
  const bool revoked = key && key->state == store::KeyState::revoked;
  const auto cut = store::TokenRepository(db).cut_off_at(session.kid, token.issued_at);
  if (revoked || (cut && *cut <= now)) return RefreshRefusal::ended;
  return std::nullopt;
}

class Refresh {
 public:
  Refresh(Change& change, const RefreshRequest& request, const SessionRules& rules, ActiveSigner& signer)
      : c_(change), request_(request), rules_(rules), signer_(signer), sessions_(change.db()) {}

  RefreshOutcome run() {
    const auto hash = hash_one_time_secret(request_.token);
    const auto token = hash ? sessions_.find_refresh(*hash) : std::nullopt;
    if (!token) return refused(RefreshRefusal::unknown);
    session_ = sessions_.find(token->session_id).value();
    user_ = store::find_user_by_id(c_.db(), session_.user_id);
    if (request_.client_id != session_.client_id) return refused(RefreshRefusal::other_client);
    const auto why = shut(c_.db(), session_, user_ ? &*user_ : nullptr, *token, c_.now(), rules_.idle);
    if (why) return over(*why);
    auto scopes = words_of(session_.scope);
    if (request_.scopes && !narrow(scopes)) return refused(RefreshRefusal::wider_scope);
    if (!sessions_.use_refresh(*token, request_.ip, c_.now())) return again(*token, std::move(scopes));
    auto next = succeed_refresh_token(c_.realm().sealer(), request_.token);
    keep_refresh(c_, session_.id, token->generation + 1, next);
    return granted(token->generation + 1, std::move(next), std::move(scopes), false);
  }

 private:
  RefreshOutcome refused(RefreshRefusal why) { return {std::nullopt, why, session_.id}; }

  // What has run out is closed, so that it stays so whatever the clock does next.
  RefreshOutcome over(RefreshRefusal why) {
    if (why != RefreshRefusal::ended) end_session(c_, session_, "session.expire", word_of(why));
    return refused(why);
  }

  bool narrow(std::vector<std::string>& scopes) const {
    for (const auto& asked : *request_.scopes) {
      if (std::find(scopes.begin(), scopes.end(), asked) == scopes.end()) return false;
    }
    scopes = *request_.scopes;
    return true;
  }

  bool same_client_soon(const RefreshRow& spent) const {
    const auto since = c_.now() - *spent.used_at;
    return since.count() >= 0 && since <= same_client_again && request_.door == session_.door &&
           spent.used_ip == request_.ip;
  }

  RefreshOutcome again(const RefreshRow& token, std::vector<std::string> scopes) {
    const auto spent = sessions_.find_refresh(session_.id, token.generation).value();
    const auto successor = sessions_.find_refresh(session_.id, token.generation + 1);
    if (successor && !successor->used_at && same_client_soon(spent)) {
      sessions_.count_repeat(spent);
      return granted(successor->generation, succeed_refresh_token(c_.realm().sealer(), request_.token),
                     std::move(scopes), true);
    }
    sessions_.note_reuse(spent, request_.ip, c_.now());
    end_session(c_, session_, "session.reuse", "reuse");
    return refused(RefreshRefusal::reused);
  }

  RefreshOutcome granted(std::int64_t generation, base::Secret refresh, std::vector<std::string> scopes,
                         bool repeated) {
    auto access = settle_access(c_, session_, *user_, scopes, rules_, signer_);
    sessions_.touch(session_, access.kid, c_.now());
    c_.record(session_event(
        "session.refresh", session_,
        {{"generation", generation}, {"repeated", repeated}, {"jti", access.jti.substr(0, jti_shown)}}));
    const auto id = session_.id;
    return {tokens_of(std::move(access), std::move(refresh), session_, std::move(*user_), std::move(scopes),
                      c_.now()),
            std::nullopt, id};
  }

  Change& c_;
  const RefreshRequest& request_;
  const SessionRules& rules_;
  ActiveSigner& signer_;
  SessionRepository sessions_;
  SessionOfUser session_;
  std::optional<store::UserRow> user_;
};

}  // namespace

std::string_view word_of(RefreshRefusal refusal) {
  switch (refusal) {
    case RefreshRefusal::unknown:
      return "unknown";
    case RefreshRefusal::ended:
      return "ended";
    case RefreshRefusal::expired:
      return "expired";
    case RefreshRefusal::idle:
      return "idle";
    case RefreshRefusal::reused:
      return "reuse";
    case RefreshRefusal::other_client:
      return "other_client";
    case RefreshRefusal::user_shut:
      return "user";
    case RefreshRefusal::wider_scope:
      return "scope";
  }
  return "unknown";
}

SessionRules session_rules(const base::Settings& settings) {
  const auto& audience = settings.text("audience");
  SessionRules rules;
  rules.issuer = settings.text("issuer");
  rules.audiences = {audience.empty() ? rules.issuer : audience};
  rules.access_ttl = settings.duration("access_ttl");
  rules.refresh_ttl = settings.duration("refresh_ttl");
  rules.idle = settings.duration("session_idle");
  rules.longest = settings.duration("session_max");
  return rules;
}

SessionTokens open_session(Change& c, const store::UserRow& user, const SessionDraft& draft,
                           const SessionRules& rules, ActiveSigner& signer) {
  SessionRepository sessions(c.db());
  store::SessionRow row;
  row.id = make_session_id(c.realm().random());
  row.user_id = user.id;
  row.client_id = draft.client_id;
  row.door = draft.door;
  row.remember_me = draft.remember_me;
  row.scope = joined(draft.scopes);
  row.ip = draft.ip;
  row.user_agent = cut_user_agent(draft.user_agent);
  row.ends_at = c.now() + (draft.remember_me ? rules.refresh_ttl : rules.longest);
  auto access = settle_access(c, row, user, draft.scopes, rules, signer);
  row.kid = access.kid;
  row.created_at = row.last_used_at = c.now();  // the token may have moved it on
  sessions.insert(row);
  auto refresh = make_one_time_secret(refresh_prefix, c.realm().random());
  keep_refresh(c, row.id, 1, refresh);
  sessions.prune(c.now() - kept_after_end, pruned_for_each_session);
  return tokens_of(std::move(access), std::move(refresh), row, user, draft.scopes, c.now());
}

RefreshOutcome refresh_session(Realm& realm, const Cause& cause, const RefreshRequest& request,
                               const SessionRules& rules, ActiveSigner& signer) {
  return change(realm, cause, [&](Change& c) { return Refresh(c, request, rules, signer).run(); });
}

std::optional<SessionOfUser> session_of_refresh(store::Database& db, std::string_view token) {
  SessionRepository sessions(db);
  const auto hash = hash_one_time_secret(token);
  const auto row = hash ? sessions.find_refresh(*hash) : std::nullopt;
  return row ? sessions.find(row->session_id) : std::nullopt;
}

std::optional<RefreshStanding> standing_of_refresh(store::Database& db, std::string_view token, Timestamp now,
                                                   base::Duration idle) {
  SessionRepository sessions(db);
  const auto hash = hash_one_time_secret(token);
  auto row = hash ? sessions.find_refresh(*hash) : std::nullopt;
  if (!row) return std::nullopt;
  RefreshStanding standing{sessions.find(row->session_id).value(), std::move(*row), {}};
  const auto user = store::find_user_by_id(db, standing.session.user_id);
  standing.refusal = shut(db, standing.session, user ? &*user : nullptr, standing.token, now, idle);
  if (!standing.refusal && standing.token.used_at) standing.refusal = RefreshRefusal::reused;
  return standing;
}

bool is_live(const store::SessionRow& session, Timestamp now, base::Duration idle) {
  return !session.ended_at && now < session.ends_at && now < session.last_used_at + idle;
}

bool end_session(Change& c, const SessionOfUser& session, std::string_view action, std::string_view reason) {
  if (!SessionRepository(c.db()).end(session.id, reason, c.now())) return false;
  auto event = session_event(action, session, {{"reason", reason}});
  if (action == "session.reuse") event.outcome = audit::Outcome::denied;
  c.record(std::move(event));
  return true;
}

}  // namespace authctl::service
