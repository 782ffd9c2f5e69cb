#include <algorithm>

#include "core/base/error.h"
#include "core/base/text.h"
#include "core/token/jwt.h"

namespace authctl::token {
namespace {
constexpr std::string_view state_words[] = {"pending", "active", "retiring", "revoked"};
}  // namespace

std::string_view word_of(KeyState state) { return state_words[static_cast<std::size_t>(state)]; }

std::optional<KeyState> key_state_named(std::string_view word) {
  for (std::size_t i = 0; i < std::size(state_words); ++i) {
    if (state_words[i] == word) return static_cast<KeyState>(i);
  }
  return std::nullopt;
}

void KeySet::add(Jwk key, KeyState state, std::optional<base::Timestamp> verifies_until) {
  const auto place =
      std::lower_bound(by_kid_.begin(), by_kid_.end(), key.kid,
                       [this](std::size_t i, const auto& kid) { return entries_[i].key.kid < kid; });
  if (!key.kid.empty()) {
    if (place != by_kid_.end() && entries_[*place].key.kid == key.kid) {
      throw base::Error(base::ErrorCode::invalid,
                        "the kid " + base::quote(key.kid) + " stands twice among the keys",
                        "take one of them out of the file");
    }
    by_kid_.insert(place, entries_.size());
  }
  entries_.push_back({std::move(key), state, verifies_until});
}

std::optional<std::size_t> KeySet::find(std::string_view kid) const {
  const auto place =
      std::lower_bound(by_kid_.begin(), by_kid_.end(), kid,
                       [this](std::size_t i, std::string_view k) { return entries_[i].key.kid < k; });
  if (place == by_kid_.end() || entries_[*place].key.kid != kid) return std::nullopt;
  return *place;
}

}  // namespace authctl::token
