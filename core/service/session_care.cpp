// The other half of core/service/sessions.h: looking at sessions, and ending many.
#include "core/base/error.h"
#include "core/base/json_or_null.h"
#include "core/base/text.h"
#include "core/service/sessions.h"
#include "core/service/tokens.h"
#include "core/store/one_time_repository.h"

namespace authctl::service {
namespace {
using base::Error;
using base::ErrorCode;
using store::SessionRepository;

constexpr std::int64_t page = 256;

SessionOfUser require_session(store::Database& db, const std::string& id) {
  auto session =
      id.find('\0') == id.npos && base::is_utf8(id) ? SessionRepository(db).find(id) : std::nullopt;
  if (!session)
    throw Error(ErrorCode::not_found, "session " + base::quote(id) + " does not exist",
                "authctl session list");
  return std::move(*session);
}

std::int64_t end_each(Change& c, const std::vector<std::string>& ids, std::string_view reason,
                      std::string_view spare = {}) {
  SessionRepository sessions(c.db());
  std::int64_t ended = 0;
  for (const auto& id : ids) {
    if (id == spare) continue;
    if (end_session(c, sessions.find(id).value(), "session.revoke", reason)) ++ended;
  }
  return ended;
}

}  // namespace

std::int64_t end_sessions_of_user(Change& c, const std::string& user_id, std::string_view reason,
                                  std::string_view spare) {
  return end_each(c, SessionRepository(c.db()).unended(user_id, ""), reason, spare);
}

std::int64_t end_sessions_of_key(Change& c, const std::string& kid, std::string_view reason) {
  return end_each(c, SessionRepository(c.db()).unended("", kid), reason);
}

void sign_out_user(Change& c, const std::string& user_id, std::string_view reason) {
  end_earlier_tokens(c, user_id);
  end_sessions_of_user(c, user_id, reason);
  store::OneTimeRepository secrets(c.db());
  secrets.end_challenges(user_id);
  secrets.end_resets(user_id);
}

std::function<std::optional<SessionOfUser>()> list_sessions(Realm& realm, const SessionQuery& query,
                                                            base::Duration idle) {
  struct State {
    std::vector<SessionOfUser> rows;
    std::size_t next = 0;
    store::SessionMark mark;
    std::int64_t left = std::numeric_limits<std::int64_t>::max();
    bool last = false;
  };
  if (query.limit && *query.limit < 1)
    throw Error(ErrorCode::invalid, "a list has at least one entry", "--limit 1 or more");
  store::SessionFilter filter{
      .user_id = {}, .ended = query.ended, .now = realm.now(), .used_after = realm.now() - idle};
  if (!query.user.empty()) filter.user_id = store::get_user(realm.db(), query.user).id;
  auto state = std::make_shared<State>();
  state->mark.created_at = base::from_unix_millis(std::numeric_limits<std::int64_t>::max());
  if (query.limit) state->left = *query.limit;
  return [&realm, filter, state]() -> std::optional<SessionOfUser> {
    if (state->left == 0) return std::nullopt;
    if (state->next == state->rows.size()) {
      if (state->last) return std::nullopt;
      state->rows = SessionRepository(realm.db()).list(filter, state->mark, page);
      state->next = 0;
      state->last = state->rows.size() < static_cast<std::size_t>(page);
      if (state->rows.empty()) return std::nullopt;
      state->mark = {state->rows.back().created_at, state->rows.back().id};
    }
    --state->left;
    return state->rows[state->next++];
  };
}

SessionView show_session(Realm& realm, const std::string& id) {
  auto session = require_session(realm.db(), id);
  return {std::move(session), SessionRepository(realm.db()).lineage(id)};
}

SessionRevocationReport revoke_sessions(Realm& realm, const Cause& cause, const SessionRevocation& request) {
  return change(realm, cause, [&](Change& c) {
    SessionRevocationReport report;
    if (!request.id.empty()) {
      const auto session = require_session(c.db(), request.id);
      report.id = session.id;
      report.user = session.user;
      report.revoked = end_session(c, session, "session.revoke", "revoked") ? 1 : 0;
      if (report.revoked == 0) report.notices.push_back("nothing changed: the session is over already");
    } else if (!request.user.empty()) {
      const auto user = store::get_user(c.db(), request.user);
      report.user = user.name;
      report.revoked = end_sessions_of_user(c, user.id, "revoked");
    } else {
      report.revoked = end_each(c, SessionRepository(c.db()).unended("", ""), "revoked");
    }
    return report;
  });
}

base::json::object session_json(const SessionOfUser& session, base::Timestamp now, base::Duration idle) {
  return {{"id", session.id},
          {"user", session.user},
          {"user_id", session.user_id},
          {"client", session.client_id},
          {"door", store::word_of(session.door)},
          {"state", is_live(session, now, idle) ? "live" : "ended"},
          {"ip", base::filled_or_null(session.ip)},
          {"user_agent", base::filled_or_null(session.user_agent)},
          {"remember_me", session.remember_me},
          {"scope", session.scope},
          {"created_at", base::to_rfc3339(session.created_at)},
          {"last_used_at", base::to_rfc3339(session.last_used_at)},
          {"ends_at", base::to_rfc3339(session.ends_at)},
          {"ended_at", base::or_null(session.ended_at)},
          {"end_reason", base::filled_or_null(session.end_reason.value_or(""))}};
}

base::json::object session_json(const SessionView& view, base::Timestamp now, base::Duration idle) {
  auto json = session_json(view.session, now, idle);
  base::json::array lineage;
  for (const auto& row : view.lineage) {
    lineage.push_back(base::json::object{{"generation", row.generation},
                                         {"issued_at", base::to_rfc3339(row.issued_at)},
                                         {"used_at", base::or_null(row.used_at)},
                                         {"used_ip", base::filled_or_null(row.used_ip.value_or(""))},
                                         {"repeats", row.repeats},
                                         {"reused_at", base::or_null(row.reused_at)},
                                         {"reused_ip", base::filled_or_null(row.reused_ip.value_or(""))}});
  }
  json["refresh"] = std::move(lineage);
  return json;
}

}  // namespace authctl::service
