// How a realm comes to be: the store first, then the master key, then the data key that it unwraps.
// Invariant: whatever is wrong with the store is said before any key is looked at.
#pragma once
#include <functional>
#include <span>
#include <string>

#include "core/service/master_key.h"
#include "core/service/realm.h"
#include "core/store/data_key_repository.h"

namespace authctl::service {

struct OpenRequest {
  std::string store_url;
  MasterKeySource master_key;
  // Asked for the entry where this opening ends a rotation; none: it does not.
  std::function<Cause()> opener = nullptr;
};

// Error unavailable for the store or a missing key, unverified for a key that is not this store's.
Realm open_realm(const OpenRequest& request, const base::Clock& clock, base::Random& random);

// Opens the same store again and again, each time with a connection of its own; the master key is read once
// (and again only where the data key was replaced).
class RealmOpener {
 public:
  RealmOpener(const OpenRequest& request, const base::Clock& clock, base::Random& random);
  Realm open() const;

 private:
  OpenRequest request_;
  std::unique_ptr<crypto::Sealer> sealer_;
  std::int64_t epoch_ = 0;
  const base::Clock& clock_;
  base::Random& random_;
};

// The data key wrapped in the store, opened, with the one that it replaces while that is still needed. Error
// unavailable where there is none (an init that never ended), unverified where this master key opens none.
crypto::Sealer unwrap_data_key(store::Database& db, const base::Secret& master_key);
crypto::Sealer unwrap_data_key(std::span<const store::WrappedKey> keys, const base::Secret& master_key);
// A generation of the data key, and as one master key wraps it. `root`: what Sealer::derive() goes on from.
struct OpenedKey {
  base::Secret data_key, root;
};
store::WrappedKey wrap_data_key(const OpenedKey& key, std::int64_t generation, const base::Secret& master_key,
                                base::Random& random);
// The same for a key that is open already, none being replaced.
store::WrappedKey wrap_data_key(const crypto::Sealer& data_key, std::int64_t generation,
                                const base::Secret& master_key, base::Random& random);
// Error unverified where it does not open.
OpenedKey open_wrapped_key(const store::WrappedKey& wrap, const base::Secret& master_key);
// A realm over a store that was opened by its keys; it takes new ones up from where the master key comes
// from.
Realm with_keys(std::unique_ptr<store::Database> db, crypto::Sealer sealer, const store::StoreKeyState& state,
                const MasterKeySource& source, const base::Clock& clock, base::Random& random);
// Inside a transaction: a new data key, wrapped.
base::Secret make_data_key(store::Database& db, const base::Secret& master_key, base::Timestamp now,
                           base::Random& random);

}  // namespace authctl::service
