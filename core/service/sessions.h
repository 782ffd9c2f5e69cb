// Sessions: begun by a sign-in, kept alive by refreshes, ended. A session is one refresh family: a line of
// refresh tokens of which each works once.
//
//   sign-in ──► generation 1 ──refresh──► 2 ──refresh──► 3 …        each use is one conditional UPDATE
//                    │
//                    └─ a second use: by the same client and address within 10 s, while 2 is unused, gives 2
//                       again (the two tabs of a browser); any other ends the family, is an entry and an
//                       alert
//
// Invariants: a refresh token stands in the store as its hash only; its successor is derived from it with a
// key of the store, so that it can be given again without being kept. Nothing lives past ends_at; idle time
// is judged at refresh. What ended never comes back. RFC 9700 section 4.14.2, RFC 6819 section 5.2.2.3.
//
// Entries (target kind `session`, its id): session.refresh; and those after which the session and its access
// tokens are over: auth.logout, session.revoke, session.expire, session.reuse.
#pragma once
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/config.h"
#include "core/base/secret.h"
#include "core/service/tokens.h"
#include "core/store/session_repository.h"

namespace authctl::service {

using store::Door;
using store::SessionOfUser;

// From the settings.
struct SessionRules {
  std::string issuer;
  std::vector<std::string> audiences;
  base::Duration access_ttl{900}, refresh_ttl{7 * 86400}, idle{1800}, longest{8 * 3600};
};
SessionRules session_rules(const base::Settings& settings);

struct SessionDraft {
  std::string client_id{local_client};
  Door door = Door::cookie;
  bool remember_me = false;
  std::vector<std::string> scopes;
  std::string ip, user_agent;
};

struct SessionTokens {
  std::string session_id;
  SettledToken access;  // signed by whoever hands it out
  base::Secret refresh;
  base::Duration expires_in{0};  // of the access token
  base::Timestamp ends_at{};
  bool remember_me = false;
  store::UserRow user;
  std::vector<std::string> roles;  // as in the access token
  std::vector<std::string> scopes;
};

// Within the change that is the sign-in, which records its own entry. Error precondition without an active
// key.
SessionTokens open_session(Change& change, const store::UserRow& user, const SessionDraft& draft,
                           const SessionRules& rules, ActiveSigner& signer);

enum class RefreshRefusal { unknown, ended, expired, idle, reused, other_client, user_shut, wider_scope };
std::string_view word_of(RefreshRefusal refusal);

struct RefreshRequest {
  std::string_view token;
  std::string client_id{local_client};
  Door door = Door::cookie;  // where the token came from
  std::string ip;
  std::optional<std::vector<std::string>> scopes;  // for this access token; a subset of the session's
};
struct RefreshOutcome {
  std::optional<SessionTokens> tokens;
  std::optional<RefreshRefusal> refusal;
  std::string session_id;  // empty: unknown
};
// One change, one entry. A refusal that ends the session is committed before it is returned.
RefreshOutcome refresh_session(Realm& realm, const Cause& cause, const RefreshRequest& request,
                               const SessionRules& rules, ActiveSigner& signer);

// The session that a refresh token belongs to, spent or not; nothing for an unknown one. Reads only.
std::optional<SessionOfUser> session_of_refresh(store::Database& db, std::string_view token);
// The same, and whether a refresh would be refused at `now` even where client and address are the right ones.
struct RefreshStanding {
  SessionOfUser session;
  store::RefreshRow token;
  std::optional<RefreshRefusal> refusal;
};
std::optional<RefreshStanding> standing_of_refresh(store::Database& db, std::string_view token,
                                                   base::Timestamp now, base::Duration idle);
// Not over at `now`; the user's state is not looked at.
bool is_live(const store::SessionRow& session, base::Timestamp now, base::Duration idle);

// True where it was not over yet. `action`: of the entry, one of those above.
bool end_session(Change& change, const SessionOfUser& session, std::string_view action,
                 std::string_view reason);
// Every session of a user (but the one named, where one is) or under a key; gives how many.
std::int64_t end_sessions_of_user(Change& change, const std::string& user_id, std::string_view reason,
                                  std::string_view spare = {});
std::int64_t end_sessions_of_key(Change& change, const std::string& kid, std::string_view reason);
// Every token that the user has now is refused from now on, and its sessions end.
void sign_out_user(Change& change, const std::string& user_id, std::string_view reason);

// For the command line.

struct SessionQuery {
  std::string user;  // name, e-mail or id; empty: everybody's
  bool ended = false;
  std::optional<std::int64_t> limit;
};
// Newest first. Error not_found for a user.
std::function<std::optional<SessionOfUser>()> list_sessions(Realm& realm, const SessionQuery& query,
                                                            base::Duration idle);

struct SessionView {
  SessionOfUser session;
  std::vector<store::RefreshRow> lineage;  // oldest first
};
SessionView show_session(Realm& realm, const std::string& id);  // Error not_found

struct SessionRevocation {
  std::string id, user;  // one of them, or neither: all
};
struct SessionRevocationReport {
  std::int64_t revoked = 0;
  std::optional<std::string> id, user;
  std::vector<std::string> notices;
};
SessionRevocationReport revoke_sessions(Realm& realm, const Cause& cause, const SessionRevocation& request);

// id user user_id client door state ip user_agent remember_me scope created_at last_used_at ends_at ended_at
// end_reason
base::json::object session_json(const SessionOfUser& session, base::Timestamp now, base::Duration idle);
// The same and refresh[{generation issued_at used_at used_ip repeats reused_at reused_ip}]
base::json::object session_json(const SessionView& view, base::Timestamp now, base::Duration idle);

}  // namespace authctl::service
