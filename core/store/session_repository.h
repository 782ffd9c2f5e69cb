// Sessions and their refresh families as rows. Invariant: a refresh token goes from unused to used by one
// conditional UPDATE, which decides who was first; an ended session never goes back to live.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/store/database.h"

namespace authctl::store {

// Where a session's secrets are kept: in a browser's cookies, or by a client itself.
enum class Door { cookie, token };
std::string_view word_of(Door door);
Door door_from(std::string_view word);

struct SessionRow {
  std::string id, user_id, client_id;
  Door door = Door::cookie;
  bool remember_me = false;
  std::string scope;           // words apart by blanks
  std::string ip, user_agent;  // of the sign-in; empty: not known
  std::string kid;             // what signed its last access token
  base::Timestamp created_at{}, last_used_at{}, ends_at{};
  std::optional<base::Timestamp> ended_at;
  std::optional<std::string> end_reason;
};

struct RefreshRow {
  std::string session_id;
  std::int64_t generation = 0;
  base::Timestamp issued_at{};
  std::optional<base::Timestamp> used_at;
  std::optional<std::string> used_ip;
  std::int64_t repeats = 0;
  std::optional<base::Timestamp> reused_at;
  std::optional<std::string> reused_ip;
};

struct SessionOfUser : SessionRow {
  std::string user;  // name
};

// What makes a session live beside its own row: its user is active and has ended nothing since it began.
struct SessionFilter {
  std::optional<std::string> user_id;
  bool ended = false;            // those that are over instead
  base::Timestamp now{};         // ends_at after it
  base::Timestamp used_after{};  // last used after it
};
// Where a page goes on: behind this session, newest first.
struct SessionMark {
  base::Timestamp created_at{};
  std::string id;
};

struct EndedSession {
  std::string id;
  base::Timestamp ended_at{};
};

class SessionRepository {
 public:
  explicit SessionRepository(Database& db) : db_(db) {}

  void insert(const SessionRow& session);
  std::optional<SessionOfUser> find(std::string_view id);
  // At most `limit`, newest first.
  std::vector<SessionOfUser> list(const SessionFilter& filter, const SessionMark& after, std::int64_t limit);
  static std::string list_sql(const SessionFilter& filter);
  // Ids of every session of the user, or signed for by the key, that has not ended; all where both are empty.
  std::vector<std::string> unended(std::string_view user_id, std::string_view kid);
  // How many sessions were signed for by the key last, have not ended and are not at their end.
  std::int64_t count_of_key(std::string_view kid, base::Timestamp now);
  void touch(const SessionRow& session, std::string_view kid, base::Timestamp now);
  // True where it had not ended before. Its access tokens end with it.
  bool end(std::string_view id, std::string_view reason, base::Timestamp now);
  // Those that ended since: what a verifier has to know that keeps no store.
  std::vector<EndedSession> ended_since(base::Timestamp since);
  // Deletes at most `limit` that were over before `before`.
  void prune(base::Timestamp before, std::int64_t limit);

  void insert_refresh(std::string_view session_id, std::int64_t generation, base::ByteView hash,
                      base::Timestamp now);
  std::optional<RefreshRow> find_refresh(base::ByteView hash);
  std::optional<RefreshRow> find_refresh(std::string_view session_id, std::int64_t generation);
  // Oldest first.
  std::vector<RefreshRow> lineage(std::string_view session_id);
  // True for whoever comes first.
  bool use_refresh(const RefreshRow& row, std::string_view ip, base::Timestamp now);
  void count_repeat(const RefreshRow& row);
  void note_reuse(const RefreshRow& row, std::string_view ip, base::Timestamp now);

 private:
  Database& db_;
};

}  // namespace authctl::store
