// Every sealed value of the store, one after the other: opened to see that it does, or sealed anew under the
// data key that stands now. Invariant: a value is replaced only by the same plaintext sealed for the same
// place, and only where it is still what was read.
#pragma once
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "core/service/realm.h"

namespace authctl::service {

struct ColumnCheck {
  std::string column;  // "crypto_key/sealed"
  std::int64_t values = 0;
  std::vector<std::string> unreadable;  // rows
};
// In one view of the store, column by column.
std::vector<ColumnCheck> check_sealed_values(store::Database& db, const crypto::Sealer& sealer);
// Where a value stands that this key does not open: "crypto_key/sealed/KID".
std::vector<std::string> unreadable_values(store::Database& db, const crypto::Sealer& sealer);

// Running servers take new keys of the store up within 100 ms (their feed): until then nothing is written
// that they could not read.
void let_servers_follow();

// Gives how many were sealed anew. `done` is called with the values looked at so far, between transactions;
// what it throws ends the work, which may be taken up again. Error unverified where a value opens under no
// key.
std::int64_t reseal_values(Realm& realm, const std::function<void(std::int64_t)>& done);

}  // namespace authctl::service
