#include "core/service/opening.h"

#include <algorithm>

#include "core/audit/log.h"
#include "core/base/error.h"
#include "core/service/change.h"
#include "core/store/data_key_repository.h"

namespace authctl::service {
namespace {

using base::Error;
using base::ErrorCode;

// A wrap is bound to its master key and generation.
std::string row_of(const store::WrappedKey& key) {
  return key.master_key_id + "/" + std::to_string(key.generation);
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

// The new master key has opened the store, so the old one is needed no more. Where the store cannot be
// written now, that is for the next one.
void take_over(Realm& realm, const std::function<Cause()>& opener, std::span<const store::WrappedKey> keys,
               const std::string& master_key_id) {
  const auto is_ours = [&](const store::WrappedKey& key) { return key.master_key_id == master_key_id; };
  const bool due = std::ranges::any_of(keys, [&](const auto& key) { return is_ours(key) && key.takes_over; });
  if (!due) return;
  const Cause cause = opener();
  if (cause.dry_run) return;
  try {
    change(realm, cause, [&](Change& change) {
      const auto standing = store::list_data_keys(change.db());
      if (std::ranges::none_of(standing, [&](const auto& key) { return is_ours(key) && key.takes_over; }))
        return;
      store::keep_data_keys_of(change.db(), master_key_id);
      change.record({"master-key.takeover", {"master-key", master_key_id, ""}, audit::Outcome::success, {}});
    });
  } catch (const Error& error) {
    if (error.code() != ErrorCode::unavailable) throw;
  }
}

}  // namespace

Realm with_keys(std::unique_ptr<store::Database> db, crypto::Sealer sealer, const store::StoreKeyState& state,
                const MasterKeySource& source, const base::Clock& clock, base::Random& random) {
  Realm realm(std::move(db), std::move(sealer), clock, random);
  realm.reopen_with(
      [source](store::Database& store) { return unwrap_data_key(store, read_master_key(source)); }, state);
  return realm;
}

store::WrappedKey wrap_data_key(const OpenedKey& key, std::int64_t generation, const base::Secret& master_key,
                                base::Random& random) {
  store::WrappedKey wrap{crypto::master_key_id(master_key), generation, {}, false};
  auto both = base::Secret::zeroed(2 * crypto::sealing_key_size);
  std::ranges::copy(key.data_key.reveal(), both.writable().begin());
  std::ranges::copy(key.root.reveal(), both.writable().begin() + crypto::sealing_key_size);
  const std::string row = row_of(wrap);
  wrap.wrapped = crypto::Sealer(master_key.clone()).seal(both.reveal(), {"data_key", "wrapped", row}, random);
  return wrap;
}

store::WrappedKey wrap_data_key(const crypto::Sealer& data_key, std::int64_t generation,
                                const base::Secret& master_key, base::Random& random) {
  store::WrappedKey wrap{crypto::master_key_id(master_key), generation, {}, false};
  const std::string row = row_of(wrap);
  wrap.wrapped =
      data_key.seal_itself(crypto::Sealer(master_key.clone()), {"data_key", "wrapped", row}, random);
  return wrap;
}

OpenedKey open_wrapped_key(const store::WrappedKey& wrap, const base::Secret& master_key) {
  const std::string row = row_of(wrap);
  const auto both = crypto::Sealer(master_key.clone()).open(wrap.wrapped, {"data_key", "wrapped", row});
  if (both.size() != 2 * crypto::sealing_key_size)
    throw Error(ErrorCode::unverified, "a wrapped data key has another size than ours", "restore a backup");
  return {base::Secret(both.reveal().first(crypto::sealing_key_size)),
          base::Secret(both.reveal().subspan(crypto::sealing_key_size))};
}

crypto::Sealer unwrap_data_key(std::span<const store::WrappedKey> keys, const base::Secret& master_key) {
  const std::string id = crypto::master_key_id(master_key);
  std::vector<OpenedKey> opened;  // the newest generation first
  for (const auto& key : keys)
    if (key.master_key_id == id) opened.push_back(open_wrapped_key(key, master_key));
  if (opened.empty())
    throw Error(ErrorCode::unverified, "the master key is not the one of this store",
                "name the right one: --master-key-file or AUTHCTL_MASTER_KEY_FILE");
  auto sealer = opened.size() == 1
                    ? crypto::Sealer(std::move(opened[0].data_key))
                    : crypto::Sealer(std::move(opened[0].data_key), std::move(opened[1].data_key));
  sealer.keep_root(std::move(opened[0].root));
  return sealer;
}

crypto::Sealer unwrap_data_key(store::Database& db, const base::Secret& master_key) {
  return unwrap_data_key(wrapped_keys(db), master_key);
}

base::Secret make_data_key(store::Database& db, const base::Secret& master_key, base::Timestamp now,
                           base::Random& random) {
  OpenedKey made{crypto::make_sealing_key(random), {}};
  made.root = made.data_key.clone();
  store::insert_data_key(db, wrap_data_key(made, 1, master_key, random), now);
  return std::move(made.data_key);
}

RealmOpener::RealmOpener(const OpenRequest& request, const base::Clock& clock, base::Random& random)
    : request_(request), clock_(clock), random_(random) {
  const auto realm = open_realm(request, clock, random);
  sealer_ = std::make_unique<crypto::Sealer>(realm.sealer().clone());
  epoch_ = realm.key_epoch();
}

Realm RealmOpener::open() const {
  auto db = store::open_database(request_.store_url, store::OpenMode::existing);
  const auto state = store::key_state(*db);
  auto sealer =
      state.epoch == epoch_ ? sealer_->clone() : unwrap_data_key(*db, read_master_key(request_.master_key));
  auto realm = with_keys(std::move(db), std::move(sealer), state, request_.master_key, clock_, random_);
  realm.follow_spelling();
  return realm;
}

Realm open_realm(const OpenRequest& request, const base::Clock& clock, base::Random& random) {
  auto db = store::open_database(request.store_url, store::OpenMode::existing);
  const auto state = store::key_state(*db);  // before the keys: should they change now, it is noticed
  const auto keys = wrapped_keys(*db);
  const auto master_key = read_master_key(request.master_key);
  auto sealer = unwrap_data_key(keys, master_key);
  const auto latest = latest_seen(*db);
  Realm realm = with_keys(std::move(db), std::move(sealer), state, request.master_key, clock, random);
  realm.log().has_seen(latest);
  if (request.opener) take_over(realm, request.opener, keys, crypto::master_key_id(master_key));
  return realm;
}

}  // namespace authctl::service
