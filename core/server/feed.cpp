#include "core/server/feed.h"

#include "core/base/error.h"
#include "core/base/thread.h"
#include "core/server/discovery.h"
#include "core/service/change.h"
#include "core/service/refusals.h"
#include "core/service/token_check.h"
#include "core/store/jwks_reader_repository.h"
#include "core/store/snapshot.h"

namespace authctl::server {
namespace {

constexpr std::chrono::milliseconds between_looks{20};
constexpr std::chrono::seconds between_cleanings{30};
constexpr std::chrono::seconds between_notes{2};
constexpr std::chrono::seconds between_sums{1};
constexpr std::chrono::milliseconds after_failure{500};
constexpr std::chrono::seconds between_tries{1};  // while nothing could be written
constexpr std::int64_t most_entries = 1000;       // more at once: everything is read again
// What says nothing about keys, tokens, roles or the standing of a user.
bool is_harmless(const store::FeedEntry& entry) {
  const auto& action = entry.action;
  for (const std::string_view noun :
       {"audit.", "fernet.", "permission.", "key_policy.", "store.migrate", "incident."})
    if (action.starts_with(noun)) return true;
  for (const std::string_view one :
       {"auth.login", "auth.mfa", "auth.lockout", "auth.register", "session.create", "auth.refresh",
        "session.refresh", "token.issue", "user.rehash"})
    if (action == one) return true;
  return action.starts_with("auth.") && entry.target_kind.empty();
}

}  // namespace

Feed::Feed(Site& site, RealmMaker realm)
    : site_(site),
      knowledge_(site.knowledge),
      log_(site.log),
      metrics_(site.metrics),
      make_realm_(std::move(realm)),
      realm_(make_realm_()) {
  read_all();
}

Feed::~Feed() { stop(); }

void Feed::stop() {
  {
    const std::lock_guard lock(mutex_);
    closed_ = true;
  }
  stopped_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void Feed::finish() {
  stop();
  try {
    if (realm_) service::sum_up_all_refusals(*realm_);
  } catch (const std::exception& error) {  // they are in the store still, for the next server
    log_.write(Level::error, "refusals.not_summed_up", {{"message", error.what()}});
  }
}

void Feed::start() {
  thread_ = base::start_thread([this] { run(); });
}

void Feed::run() {
  std::unique_lock lock(mutex_);
  while (!closed_) {
    lock.unlock();
    try {
      if (!realm_) {
        realm_ = make_realm_();
        read_all();
      }
      look();
      if (failed_) log_.info("store.back");
      failed_ = false;
    } catch (const std::exception& error) {
      if (!failed_) log_.write(Level::error, "store.lost", {{"message", error.what()}});
      failed_ = true;
      ++site_.openings;
      realm_.reset();  // opened anew, and read from the beginning
    }
    lock.lock();
    stopped_.wait_for(lock, failed_ ? after_failure : between_looks, [&] { return closed_; });
  }
}

void Feed::look() {
  const auto begun = std::chrono::steady_clock::now();
  const auto set_backs = knowledge_.set_backs();
  store::prove_in_place(realm_->db());
  const auto head = store::log_head(realm_->db());
  site_.has_seen(head.latest);
  const auto now = site_.now();
  if (head.size < seen_ || set_backs != set_backs_) {
    read_all();  // another store lies in its place, or what was dropped as over is not over after all
  } else if (head.size > seen_) {
    const auto entries = store::entries_after(realm_->db(), seen_, most_entries);
    if (static_cast<std::int64_t>(entries.size()) == most_entries || entries.empty()) {
      read_all();
    } else {
      // A revocation bears the time of its entry, whatever the clock says here; or a millisecond less, where
      // its change moved past the log afterwards.
      auto since = entries.front().time - base::tick;
      for (const auto& entry : entries) {
        since = std::min(since, entry.time - base::tick);
        take(entry, now);
      }
      if (keys_changed_) read_keys(now);
      if (revocations_changed_) read_revocations(since, now);
      keys_changed_ = revocations_changed_ = false;
      seen_ = entries.back().seq;
      metrics_.feed_entries += entries.size();
    }
  }
  if (const auto end = knowledge_.keys()->changes_at; end && *end <= now) read_keys(now);
  if (begun - cleaned_ > between_cleanings) {
    knowledge_.drop_expired(now);
    cleaned_ = begun;
  }
  if (site_.writes && begun - noted_ > between_notes) {
    noted_ = begun;
    write_readers();
  }
  if (site_.writes && begun - summed_ > between_sums) sum_up_refusals(begun);
  if (!site_.writes && begun - tried_ > between_tries) try_to_write(begun);
  knowledge_.has_looked(begun, set_backs_ = set_backs);
  look_at_clock(now);
}

// Whoever runs the server is told once that tokens bear another time than the clock shows, and until when.
void Feed::look_at_clock(base::Timestamp now) {
  constexpr std::chrono::seconds much{5};
  const bool waits = now - realm_->by_clock() > much;
  if (waits == waits_for_clock_) return;
  waits_for_clock_ = waits;
  if (waits)
    log_.write(Level::warning, "clock.set_back", {{"counts", base::to_rfc3339(now)}});
  else
    log_.info("clock.caught_up");
}

void Feed::sum_up_refusals(std::chrono::steady_clock::time_point now) {
  summed_ = now;
  try {
    service::sum_up_refusals(*realm_);
  } catch (const base::Error& error) {
    if (error.code() != base::ErrorCode::unavailable) throw;
    site_.writes = false;
  }
}

// Where it still cannot, what is read goes on being read.
void Feed::try_to_write(std::chrono::steady_clock::time_point now) {
  tried_ = now;
  try {
    store::prove_writable(realm_->db());
  } catch (const base::Error&) {
    return;
  }
  ++site_.openings;  // a connection may be what failed
  site_.writes = true;
  log_.info("store.writable_again");
}

// In passing: where it cannot be written now, it is forgotten.
void Feed::write_readers() {
  const auto readers = site_.jwks_readers.take();
  if (readers.empty()) return;
  try {
    const service::Cause cause{"server", "", "", "", false};
    service::run_change(*realm_, cause, [&](service::Change& change) {
      for (const auto& reader : readers) store::note_jwks_reader(change.db(), reader);
      store::trim_jwks_readers(change.db());
    });
  } catch (const base::Error&) {
  }
}

void Feed::take(const store::FeedEntry& entry, base::Timestamp now) {
  if (is_harmless(entry)) return;
  const auto& kind = entry.target_kind;
  if (entry.action.starts_with("master-key.") || entry.action == "store.encrypt-identifiers") {
    realm_->renew_keys();
    knowledge_.has_new_store_keys();
  }
  if (kind == "user") {
    knowledge_.forget_user(entry.target_id);
    revocations_changed_ = true;  // of tokens that a clock ahead has issued
  } else if (kind == "role") {
    knowledge_.forget_all_users();
  } else if (kind == "session") {
    knowledge_.add_revoked(store::tokens_revoked_of_session(realm_->db(), entry.target_id, now));
  } else if (kind == "key") {
    keys_changed_ = revocations_changed_ = true;
  } else if (kind == "token") {
    keys_changed_ = revocations_changed_ = true;  // a cut-off stands beside the keys
  } else {
    keys_changed_ = revocations_changed_ = true;
    knowledge_.forget_all_users();
  }
}

// The sequence is read first: what is committed meanwhile is read twice rather than not at all.
void Feed::read_all() {
  const auto set_backs = knowledge_.set_backs();
  const auto head = store::log_head(realm_->db());
  site_.has_seen(head.latest);
  const auto now = site_.now();
  seen_ = head.size;
  read_keys(now);
  read_revocations(base::Timestamp{}, now);
  knowledge_.forget_all_users();
  knowledge_.has_looked(std::chrono::steady_clock::now(), set_backs_ = set_backs);
}

void Feed::read_keys(base::Timestamp now) {
  auto snapshot = std::make_shared<KeySnapshot>();
  {
    const store::Snapshot together(realm_->db());
    snapshot->keys = service::trusted_keys(*realm_, now);
    snapshot->cutoffs = store::token_cutoffs(realm_->db());
  }
  snapshot->jwks = std::make_shared<const std::string>(jwks_of(*snapshot->keys, now));
  for (const auto& entry : snapshot->keys->entries()) {
    if (entry.verifies_until && *entry.verifies_until > now)
      snapshot->changes_at =
          std::min(snapshot->changes_at.value_or(*entry.verifies_until), *entry.verifies_until);
  }
  knowledge_.publish(std::move(snapshot));
}

void Feed::read_revocations(base::Timestamp since, base::Timestamp now) {
  knowledge_.add_revoked(store::tokens_revoked_since(realm_->db(), since, now));
}

}  // namespace authctl::server
