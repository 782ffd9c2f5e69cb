// An opened store with its keys and the clock: what every service works on.
// Invariant: a realm exists only where the store is ours and the master key opened its data key.
// Threads may share a realm for change(); nothing else may use its connection while one of them writes.
#pragma once
#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/base/clock.h"
#include "core/base/random.h"
#include "core/crypto/sealing.h"
#include "core/store/data_key_repository.h"
#include "core/store/field_sealer.h"

namespace authctl::audit {
class Log;
}

namespace authctl::service {

class CommitQueue;

// Who acts, from where and why; stands in every audit entry that the act causes.
struct Cause {
  std::string actor;   // "os:NAME" at the command line, "user:ID" over HTTP
  std::string ip;      // empty at the command line
  std::string reason;  // --reason; empty: none
  std::string sudo_user;
  bool dry_run = false;
};

class Realm {
 public:
  Realm(std::unique_ptr<store::Database> db, crypto::Sealer sealer, const base::Clock& clock,
        base::Random& random);
  ~Realm();
  Realm(Realm&&) noexcept;

  store::Database& db() { return *db_; }
  // Good for as long as the realm is, though another one may have taken its place.
  const crypto::Sealer& sealer() const { return *sealers_.back(); }
  const base::Clock& clock() const { return *clock_; }
  // The clock's, or the latest that the log has seen where the clock was set back since: what had expired
  // stays so, and what is revoked "until now" includes what was issued.
  base::Timestamp now() const;
  // Another instant that counts the same, of a server that has seen the clock further on than the log did; it
  // has to outlive the realm. To be set before the realm is shared.
  void count_from(const std::atomic<base::Timestamp>& latest) { also_seen_ = &latest; }
  // The clock's own, for what has to end by itself whatever the log has seen: locks, limits, codes.
  base::Timestamp by_clock() const { return clock_->now(); }
  base::Random& random() { return *random_; }
  audit::Log& log() { return *log_; }
  CommitQueue& commits() { return *commits_; }

  // How this realm takes up the keys that stand in the store now; set by whoever opened it.
  using Reopen = std::function<crypto::Sealer(store::Database&)>;
  void reopen_with(Reopen reopen, const store::StoreKeyState& state);
  // `epoch`: of the store's keys, read in the transaction that is going to write. Error unavailable where
  // they were changed since this realm read them: what was sealed before must not be written. The next change
  // finds the new keys.
  void check_keys(std::int64_t epoch);
  std::int64_t key_epoch() const { return epoch_.value_or(0); }
  // Where only the spelling of identifiers changed, and the data key did not, check_keys() takes that up and
  // goes on. For whoever writes in changes alone, whose repositories ask for the spelling as they write; not
  // for an import, whose rows were written before.
  void follow_spelling() { follows_spelling_ = true; }
  // Reads the store's keys anew where they were changed.
  void renew_keys();

  // Who is told of what a committed change gives reason to alert about (core/service/alerts.h); on whatever
  // thread made the change. To be set before the realm is shared.
  using AlertSink = std::function<void(std::vector<std::string>&&)>;
  void on_alert(AlertSink sink) { alert_sink_ = std::move(sink); }
  const AlertSink& alert_sink() const { return alert_sink_; }

 private:
  std::unique_ptr<store::Database> db_;
  void seal_fields(store::IdentifierState state);

  // Replaced ones stay: references to them do.
  std::vector<std::unique_ptr<crypto::Sealer>> sealers_;
  std::vector<std::unique_ptr<store::FieldSealer>> fields_;
  std::optional<std::int64_t> epoch_;  // of the last one; unknown: of the first change
  bool follows_spelling_ = false;
  Reopen reopen_;
  const base::Clock* clock_;
  const std::atomic<base::Timestamp>* also_seen_ = nullptr;
  base::Random* random_;
  std::unique_ptr<audit::Log> log_;
  std::unique_ptr<CommitQueue> commits_;
  AlertSink alert_sink_;
};

}  // namespace authctl::service
