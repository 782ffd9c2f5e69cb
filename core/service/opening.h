// How a realm comes to be: the store first, then the master key, then the data key that it unwraps.
// Invariant: whatever is wrong with the store is said before any key is looked at.
#pragma once
#include <string>

#include "core/service/master_key.h"
#include "core/service/realm.h"

namespace authctl::service {

struct OpenRequest {
  std::string store_url;
  MasterKeySource master_key;
};

// Error unavailable for the store or a missing key, unverified for a key that is not this store's.
Realm open_realm(const OpenRequest& request, const base::Clock& clock, base::Random& random);

// Opens the same store again and again, each time with a connection of its own; the master key is read once.
class RealmOpener {
 public:
  RealmOpener(const OpenRequest& request, const base::Clock& clock, base::Random& random);
  Realm open() const;

 private:
  std::string store_url_;
  base::Secret data_key_;
  const base::Clock& clock_;
  base::Random& random_;
};

// The data key wrapped in the store, opened. Error unavailable where there is none (an init that never
// ended), unverified where this master key opens none.
base::Secret unwrap_data_key(store::Database& db, const base::Secret& master_key);
// Inside a transaction: a new data key, wrapped.
base::Secret make_data_key(store::Database& db, const base::Secret& master_key, base::Timestamp now,
                           base::Random& random);

}  // namespace authctl::service
