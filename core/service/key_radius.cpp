#include "core/service/key_radius.h"

#include "core/store/session_repository.h"
#include "core/store/token_repository.h"

namespace authctl::service {
namespace {

constexpr std::chrono::hours a_week{24 * 7};
constexpr std::int64_t most_told = 100;
constexpr std::size_t most_named = 5;

std::string counted(std::int64_t count, const char* what) {
  return std::to_string(count) + " " + what + (count == 1 ? "" : "s");
}

}  // namespace

KeyRadius radius_of_key(Realm& realm, std::string_view kid, base::Timestamp now) {
  store::TokenRepository tokens(realm.db());
  return {tokens.live_of_key(kid, now).count, store::SessionRepository(realm.db()).count_of_key(kid, now),
          tokens.clients_of_key(kid, now)};
}

std::string text_of(const KeyRadius& radius) {
  std::string text = counted(radius.tokens, "live token") + ", " + counted(radius.sessions, "session") +
                     " and " + counted(static_cast<std::int64_t>(radius.clients.size()), "client");
  for (std::size_t i = 0; i < radius.clients.size() && i < most_named; ++i)
    text += (i == 0 ? " (" : ", ") + radius.clients[i];
  if (radius.clients.size() > most_named) text += ", \u2026";
  return text + (radius.clients.empty() ? "" : ")");
}

std::vector<store::JwksReader> readers_behind(Realm& realm, base::Timestamp published_at,
                                              base::Timestamp now) {
  return store::jwks_readers(realm.db(), now - a_week, published_at, most_told);
}

}  // namespace authctl::service
