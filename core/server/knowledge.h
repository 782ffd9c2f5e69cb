// What this process knows of the store without asking it: trusted keys, revoked tokens, and how users stand
// that were asked about lately. The feed (core/server/feed.h) keeps it true.
// Invariant: what is given here was so at the last look of the feed, or later. What a thread keeps for itself
// carries the epochs of its keys and its user, read before the store was; once they have moved on it counts
// for nothing.
//
//   store change ──► feed ──► epochs move, revoked tokens are added ──► nothing that was kept is believed
#pragma once
#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/service/standing.h"
#include "core/store/change_feed.h"
#include "core/token/jwt.h"

namespace authctl::server {

// Immutable once published.
struct KeySnapshot {
  std::shared_ptr<const token::KeySet> keys;
  std::shared_ptr<const std::string> jwks;  // the public ones, as they are served
  std::vector<store::CutoffRange> cutoffs;
  std::optional<base::Timestamp> changes_at;  // when a key of it ends
};

// Of one user: moves with every change that concerns the user, and with those that may concern everybody.
struct UserEpoch {
  std::uint32_t all = 0, own = 0;
  bool operator==(const UserEpoch&) const = default;
};

class Knowledge {
 public:
  // For those who ask, on any thread.

  std::shared_ptr<const KeySnapshot> keys() const { return keys_.load(); }
  std::uint64_t key_epoch() const { return key_epoch_.load(std::memory_order_acquire); }
  UserEpoch user_epoch(std::string_view user_id) const;
  bool is_revoked(std::string_view jti) const;

  struct Kept {
    std::shared_ptr<const service::Standing> standing;
    UserEpoch epoch;
  };
  // Nothing where it is not known, or not any more.
  std::optional<Kept> standing(std::string_view user_id) const;
  // `epoch` was read before the store was.
  void keep(std::shared_ptr<const service::Standing> standing, const UserEpoch& epoch);

  // Whether the feed has looked lately; where it has not, the store has to be asked.
  bool is_fresh(std::chrono::steady_clock::time_point now) const;
  // The clock went back beyond what can be made up for: what was dropped as over may not be over after all,
  // so nothing is fresh until the feed has read everything anew.
  void clock_went_back() { set_backs_.fetch_add(1, std::memory_order_release); }

  // For the feed.

  void publish(std::shared_ptr<const KeySnapshot> keys);
  void forget_user(std::string_view user_id);
  void forget_all_users();
  void add_revoked(std::span<const store::DeadToken> tokens);
  void drop_expired(base::Timestamp now);
  // The keys of the store itself were replaced, or identifiers are written otherwise: whoever reads the store
  // takes them up before his next job.
  void has_new_store_keys() { store_keys_.fetch_add(1, std::memory_order_release); }
  std::uint64_t store_keys() const { return store_keys_.load(std::memory_order_acquire); }
  std::uint32_t set_backs() const { return set_backs_.load(std::memory_order_acquire); }
  // `set_backs`: read before the look began.
  void has_looked(std::chrono::steady_clock::time_point now, std::uint32_t set_backs);

 private:
  static constexpr std::size_t slots = 4096;  // users that share one are forgotten together
  static constexpr std::size_t most_standings = 4096;
  static std::size_t slot_of(std::string_view user_id);

  std::atomic<std::shared_ptr<const KeySnapshot>> keys_;
  std::atomic<std::uint64_t> key_epoch_{0};
  std::atomic<std::uint64_t> store_keys_{0};
  std::atomic<std::uint32_t> all_users_{0};
  std::array<std::atomic<std::uint32_t>, slots> users_{};
  mutable std::shared_mutex revoked_mutex_, standings_mutex_;
  std::unordered_map<std::string, base::Timestamp> revoked_;  // jti, until when it matters
  std::unordered_map<std::string, Kept> standings_;
  std::atomic<std::int64_t> looked_at_{0};
  std::atomic<std::uint32_t> set_backs_{0}, looked_after_{0};
};

}  // namespace authctl::server
