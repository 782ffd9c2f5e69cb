#include "core/service/opening.h"

#include "core/audit/log.h"
#include "core/base/error.h"
#include "core/store/data_key_repository.h"

namespace authctl::service {
namespace {

using base::Error;
using base::ErrorCode;

crypto::Place place_of(const std::string& master_key_id) { return {"data_key", "wrapped", master_key_id}; }

base::Secret unwrap(std::span<const store::WrappedKey> keys, const base::Secret& master_key) {
  const std::string id = crypto::master_key_id(master_key);
  for (const auto& key : keys) {
    if (key.master_key_id == id) return crypto::Sealer(master_key.clone()).open(key.wrapped, place_of(id));
  }
  throw Error(ErrorCode::unverified, "the master key is not the one of this store");
}

std::vector<store::WrappedKey> wrapped_keys(store::Database& db) {
  auto keys = store::list_data_keys(db);
  if (keys.empty())
    throw Error(ErrorCode::unavailable, "the store has no data key: its init did not end", "authctl init");
  return keys;
}

// Of a log without a head nothing is known; `audit verify` says so, and every change does.
base::Timestamp latest_seen(store::Database& db) {
  const auto rows = db.query("SELECT latest FROM audit_head WHERE id = 1");
  return rows->next() ? rows->time(0) : base::Timestamp{};
}

}  // namespace

base::Secret unwrap_data_key(store::Database& db, const base::Secret& master_key) {
  return unwrap(wrapped_keys(db), master_key);
}

base::Secret make_data_key(store::Database& db, const base::Secret& master_key, base::Timestamp now,
                           base::Random& random) {
  auto data_key = crypto::make_sealing_key(random);
  const std::string id = crypto::master_key_id(master_key);
  const auto wrapped = crypto::Sealer(master_key.clone()).seal(data_key.reveal(), place_of(id), random);
  store::insert_data_key(db, {id, wrapped}, now);
  return data_key;
}

RealmOpener::RealmOpener(const OpenRequest& request, const base::Clock& clock, base::Random& random)
    : store_url_(request.store_url), clock_(clock), random_(random) {
  const auto db = store::open_database(store_url_, store::OpenMode::existing);
  const auto keys = wrapped_keys(*db);
  data_key_ = unwrap(keys, read_master_key(request.master_key));
}

Realm RealmOpener::open() const {
  return Realm(store::open_database(store_url_, store::OpenMode::existing), crypto::Sealer(data_key_.clone()),
               clock_, random_);
}

Realm open_realm(const OpenRequest& request, const base::Clock& clock, base::Random& random) {
  auto db = store::open_database(request.store_url, store::OpenMode::existing);
  const auto keys = wrapped_keys(*db);
  auto data_key = unwrap(keys, read_master_key(request.master_key));
  const auto latest = latest_seen(*db);
  Realm realm(std::move(db), crypto::Sealer(std::move(data_key)), clock, random);
  realm.log().has_seen(latest);
  return realm;
}

}  // namespace authctl::service
