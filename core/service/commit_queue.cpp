#include "core/service/commit_queue.h"

#include <algorithm>

#include "core/audit/log.h"
#include "core/base/error.h"

namespace authctl::service {
namespace {

constexpr std::string_view savepoint_name = "member";

// The work and its entries, inside a transaction that has begun.
void perform(Realm& realm, const Cause& cause, const std::function<void(Change&)>& work) {
  Change change(realm, cause);
  work(change);
  realm.log().append(realm.db(), {cause.actor, cause.ip, cause.reason, cause.sudo_user}, change.now(),
                     change.events());
}

void start_log(Realm& realm) {
  realm.check_keys(realm.log().start(realm.db()));
  realm.log().use_key(realm.db(), realm.sealer());
}

// A full disk, a failing one and exhausted memory may have taken the whole transaction with them (SQLite
// rolls back by itself then), so no member of the batch may be told that it succeeded.
bool ends_the_batch(const std::exception_ptr& failure) {
  try {
    std::rethrow_exception(failure);
  } catch (const base::Error& error) {
    return error.code() == base::ErrorCode::unavailable || error.code() == base::ErrorCode::io;
  } catch (const std::bad_alloc&) {
    return true;
  } catch (...) {
    return false;
  }
}

}  // namespace

void CommitQueue::run(Realm& realm, const Cause& cause, const std::function<void(Change&)>& work) {
  Member self(cause, work);
  std::unique_lock lock(mutex_);
  if (busy_) {
    if (leader_ == std::this_thread::get_id()) {
      throw base::Error(base::ErrorCode::internal, "a change was begun inside a change");
    }
    waiting_.push_back(&self);
    self.changed.wait(lock, [&] { return self.state != Member::State::waiting; });
  }
  if (self.state != Member::State::done) {
    leader_ = std::this_thread::get_id();
    busy_ = true;
    leave_place(realm, lock);
    batch_.push_back(&self);
    take_waiting();
    lock.unlock();
    lead(realm);
    lock.lock();
    answer();
  }
  lock.unlock();
  if (self.failure) std::rethrow_exception(self.failure);
}

// A server under load would leave the command line waiting for as long as the load lasts.
void CommitQueue::leave_place(Realm& realm, std::unique_lock<std::mutex>& lock) {
  if (realm.db().engine() != store::Engine::sqlite) return;  // PostgreSQL's stand in line
  const auto now = std::chrono::steady_clock::now();
  if (now - left_at_ >= pause) held_since_ = now;
  if (now - held_since_ < longest_hold) return;
  lock.unlock();
  std::this_thread::sleep_for(pause);
  lock.lock();
  held_since_ = std::chrono::steady_clock::now();
}

// The leader first, then whoever waits, in the order in which they came. Under the mutex.
void CommitQueue::take_waiting() {
  if (!grouping_) return;
  const auto count = static_cast<std::ptrdiff_t>(std::min(waiting_.size(), max_batch - batch_.size()));
  batch_.insert(batch_.end(), waiting_.begin(), waiting_.begin() + count);
  waiting_.erase(waiting_.begin(), waiting_.begin() + count);
}

// Under the mutex: a member that was told may return and be gone as soon as it is released.
void CommitQueue::answer() {
  leader_ = {};
  left_at_ = std::chrono::steady_clock::now();
  busy_ = !waiting_.empty();
  if (busy_) {
    Member* next = waiting_.front();
    waiting_.erase(waiting_.begin());
    next->state = Member::State::leading;
    next->changed.notify_one();
  }
  for (Member* member : batch_) {
    if (member->state == Member::State::waiting) member->changed.notify_one();
    member->state = Member::State::done;
  }
  batch_.clear();
}

// Who comes while the others are at work joins them, for a while: the fewer the commits, the fewer the waits
// for the disk.
void CommitQueue::lead(Realm& realm) {
  try {
    const auto asked = std::chrono::steady_clock::now();
    store::Transaction transaction(realm.db());
    const auto begun = std::chrono::steady_clock::now(), until = begun + joining_;
    if (begun - asked >= pause) held_since_ = begun;  // somebody else had the place
    start_log(realm);
    std::size_t done = 0;
    if (batch_.size() == 1) {
      const Member& alone = *batch_[done++];
      perform(realm, alone.cause, alone.work);
      if (alone.cause.dry_run) return;
    }
    do {
      for (; done < batch_.size(); ++done) run_beside_others(realm, *batch_[done]);
      if (std::chrono::steady_clock::now() >= until) break;
      const std::lock_guard lock(mutex_);
      take_waiting();
    } while (done < batch_.size());
    realm.log().finish(realm.db());
    transaction.commit();
  } catch (...) {
    for (Member* member : batch_) {
      if (!member->failure) member->failure = std::current_exception();
    }
  }
}

// What fails here alone is undone alone, the tree included; what may have hurt the others is thrown on.
void CommitQueue::run_beside_others(Realm& realm, Member& member) {
  const audit::Frontier before = realm.log().frontier();
  const base::Timestamp latest = realm.log().latest();
  realm.db().savepoint(savepoint_name);
  try {
    perform(realm, member.cause, member.work);
    if (!member.cause.dry_run) return realm.db().release(savepoint_name);
  } catch (...) {
    member.failure = std::current_exception();
    if (ends_the_batch(member.failure)) throw;
  }
  realm.db().rollback_to(savepoint_name);
  realm.db().release(savepoint_name);
  realm.log().rewind(before, latest);
}

}  // namespace authctl::service
