#include "core/server/turnstile.h"

#include <algorithm>

namespace authctl::server {

Turnstile::Passage Turnstile::enter(std::vector<std::string> keys, unsigned most) {
  std::unique_lock lock(mutex_);
  left_.wait(lock, [&] {
    return std::all_of(keys.begin(), keys.end(), [&](const std::string& key) {
      const auto found = within_.find(key);
      return found == within_.end() || found->second < most;
    });
  });
  for (const auto& key : keys) ++within_[key];
  return Passage(*this, std::move(keys));
}

void Turnstile::leave(const std::vector<std::string>& keys) {
  {
    const std::lock_guard lock(mutex_);
    for (const auto& key : keys)
      if (const auto found = within_.find(key); --found->second == 0) within_.erase(found);
  }
  left_.notify_all();
}

}  // namespace authctl::server
