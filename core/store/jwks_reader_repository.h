// Who fetched the public keys, and when last. Written by servers in passing: it is no entry of the log, and a
// few seconds of it may be lost. Invariant: at most `most_jwks_readers` rows, the latest.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "core/store/database.h"

namespace authctl::store {

inline constexpr std::int64_t most_jwks_readers = 10000;

struct JwksReader {
  std::string network;  // "203.0.113.7", "2001:db8:1:2::/64"
  base::Timestamp fetched_at{};
};

void note_jwks_reader(Database& db, const JwksReader& reader);
// Drops the oldest of those that are too many.
void trim_jwks_readers(Database& db);
// Those that fetched last in [since, until), the latest first; at most `limit`.
std::vector<JwksReader> jwks_readers(Database& db, base::Timestamp since, base::Timestamp until,
                                     std::int64_t limit);

}  // namespace authctl::store
