// The one-time things of signing in, as rows: challenges for a second factor, and password resets. Both are
// known by the hash of a random text alone. Invariant: each is used by one conditional UPDATE, so it works
// once in however many processes; what hangs on a user goes with it.
#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "core/store/session_repository.h"

namespace authctl::store {

struct ChallengeRow {
  std::string user_id;
  Door door = Door::cookie;
  bool remember_me = false;
  base::Timestamp created_at{}, expires_at{};
};

// A challenge or a reset as it stands, for who only looks.
struct OneTimeRow {
  std::string user_id;
  base::Timestamp created_at{}, expires_at{};
  std::optional<base::Timestamp> used_at;
  std::int64_t failures = 0;
};

class OneTimeRepository {
 public:
  explicit OneTimeRepository(Database& db) : db_(db) {}

  void insert_challenge(base::ByteView hash, const ChallengeRow& row);
  // Takes one of its attempts; nothing where it is unknown, over, used, or has none left.
  std::optional<ChallengeRow> try_challenge(base::ByteView hash, std::int64_t most, base::Timestamp now);
  void give_back_try(base::ByteView hash);
  bool use_challenge(base::ByteView hash, base::Timestamp now);

  void insert_reset(base::ByteView hash, std::string_view user_id, base::Timestamp now,
                    base::Timestamp expires_at);
  // Whose password it may set.
  std::optional<std::string> find_reset(base::ByteView hash, base::Timestamp now);
  bool use_reset(base::ByteView hash, base::Timestamp now);

  std::optional<OneTimeRow> look_at_challenge(base::ByteView hash);
  std::optional<OneTimeRow> look_at_reset(base::ByteView hash);

  // What the user was given before: it works no more.
  void end_resets(std::string_view user_id);
  void end_challenges(std::string_view user_id);
  // Some of what is over.
  void prune(base::Timestamp now, std::int64_t limit);

 private:
  Database& db_;
};

}  // namespace authctl::store
