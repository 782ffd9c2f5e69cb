// What hangs on a key: what its end would take with it, and who would not know its successor yet.
// Invariant: only looks.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "core/service/realm.h"
#include "core/store/jwks_reader_repository.h"

namespace authctl::service {

struct KeyRadius {
  std::int64_t tokens = 0, sessions = 0;
  std::vector<std::string> clients;  // names
};
KeyRadius radius_of_key(Realm& realm, std::string_view kid, base::Timestamp now);
// "12 live tokens, 3 sessions and 2 clients (importer, shop)"
std::string text_of(const KeyRadius& radius);

// Those that fetched the JWKS in the last week and not since this key was published; at most a hundred.
std::vector<store::JwksReader> readers_behind(Realm& realm, base::Timestamp published_at,
                                              base::Timestamp now);

}  // namespace authctl::service
