#include "core/server/knowledge.h"

#include <mutex>

namespace authctl::server {
namespace {

// The feed looks every few milliseconds; a store that was silent for this long cannot be vouched for.
constexpr std::chrono::seconds longest_silence{2};

std::int64_t ticks(std::chrono::steady_clock::time_point time) {
  return time.time_since_epoch() / std::chrono::milliseconds(1);
}

}  // namespace

std::size_t Knowledge::slot_of(std::string_view user_id) {
  return std::hash<std::string_view>()(user_id) % slots;
}

UserEpoch Knowledge::user_epoch(std::string_view user_id) const {
  return {all_users_.load(std::memory_order_acquire),
          users_[slot_of(user_id)].load(std::memory_order_acquire)};
}

bool Knowledge::is_revoked(std::string_view jti) const {
  const std::shared_lock lock(revoked_mutex_);
  return !revoked_.empty() && revoked_.contains(std::string(jti));
}

std::optional<Knowledge::Kept> Knowledge::standing(std::string_view user_id) const {
  const std::shared_lock lock(standings_mutex_);
  const auto found = standings_.find(std::string(user_id));
  if (found == standings_.end() || found->second.epoch != user_epoch(user_id)) return std::nullopt;
  return found->second;
}

void Knowledge::keep(std::shared_ptr<const service::Standing> standing, const UserEpoch& epoch) {
  const std::unique_lock lock(standings_mutex_);
  const auto& id = standing->user_id;
  if (standings_.size() >= most_standings && !standings_.contains(id)) standings_.erase(standings_.begin());
  standings_.insert_or_assign(id, Kept{standing, epoch});
}

bool Knowledge::is_fresh(std::chrono::steady_clock::time_point now) const {
  return looked_after_.load(std::memory_order_acquire) == set_backs_.load(std::memory_order_acquire) &&
         ticks(now) - looked_at_.load(std::memory_order_relaxed) <=
             std::chrono::milliseconds(longest_silence).count();
}

void Knowledge::publish(std::shared_ptr<const KeySnapshot> keys) {
  keys_.store(std::move(keys));
  key_epoch_.fetch_add(1, std::memory_order_release);
}

void Knowledge::forget_user(std::string_view user_id) {
  users_[slot_of(user_id)].fetch_add(1, std::memory_order_release);
}

void Knowledge::forget_all_users() { all_users_.fetch_add(1, std::memory_order_release); }

void Knowledge::add_revoked(std::span<const store::DeadToken> tokens) {
  if (tokens.empty()) return;
  const std::unique_lock lock(revoked_mutex_);
  for (const auto& token : tokens) revoked_.insert_or_assign(token.jti, token.expires_at);
}

void Knowledge::drop_expired(base::Timestamp now) {
  const std::unique_lock lock(revoked_mutex_);
  std::erase_if(revoked_, [&](const auto& entry) { return entry.second <= now; });
}

void Knowledge::has_looked(std::chrono::steady_clock::time_point now, std::uint32_t set_backs) {
  looked_at_.store(ticks(now), std::memory_order_relaxed);
  looked_after_.store(set_backs, std::memory_order_release);
}

}  // namespace authctl::server
