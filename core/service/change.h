// The only way to write: one transaction, with an audit entry for each thing that is changed in it.
// Invariant: the change and its entries are on disk together when change() returns, or neither is.
// A dry run does everything and then rolls back.
#pragma once
#include <functional>
#include <type_traits>
#include <utility>
#include <vector>

#include "core/audit/entry.h"
#include "core/service/realm.h"

namespace authctl::service {

class Change {
 public:
  Change(Realm& realm, const Cause& cause)
      : realm_(realm), cause_(cause), now_(realm.now()), by_clock_(realm.by_clock()) {}
  store::Database& db() { return realm_.db(); }
  Realm& realm() { return realm_; }
  // One instant for the whole change; see Realm for the two.
  base::Timestamp now() const { return now_; }
  // For a change that ends whatever was issued before it: from here on now() is later than every entry of the
  // log, if only by a millisecond, also while the log's time stands still.
  base::Timestamp move_past_log();
  base::Timestamp by_clock() const { return by_clock_; }
  const Cause& cause() const { return cause_; }
  bool dry_run() const { return cause_.dry_run; }
  void record(audit::Event event) { events_.push_back(std::move(event)); }
  const std::vector<audit::Event>& events() const { return events_; }

 private:
  Realm& realm_;
  const Cause& cause_;
  base::Timestamp now_, by_clock_;
  std::vector<audit::Event> events_;
};

// Runs `work` in one transaction, appends its events to the log, signs the new head, commits (or, on a dry
// run, rolls back). Whatever `work` throws rolls everything back and is thrown on.
void run_change(Realm& realm, const Cause& cause, const std::function<void(Change&)>& work);

template <class Work>
auto change(Realm& realm, const Cause& cause, Work work) {
  using Result = std::invoke_result_t<Work, Change&>;
  if constexpr (std::is_void_v<Result>) {
    run_change(realm, cause, work);
  } else {
    std::optional<Result> result;
    run_change(realm, cause, [&](Change& c) { result.emplace(work(c)); });
    return std::move(*result);
  }
}

}  // namespace authctl::service
