// What operators see of the counters, and how they set them back.
#include <algorithm>

#include "core/base/error.h"
#include "core/base/ip_address.h"
#include "core/base/text.h"
#include "core/service/lockouts.h"
#include "core/store/user_repository.h"

namespace authctl::service {
namespace {

using store::CounterKind;

constexpr std::int64_t page = 256;

LockoutView view_of(store::Database& db, credential::LockoutPolicy policy, const store::CounterRow& row,
                    std::string subject, base::Timestamp now) {
  if (row.kind == CounterKind::account && row.state.failed_attempts >= most_of_strangers)
    policy = policy_of_account(policy, !store::own_counters(db, row.subject).empty());
  LockoutView view;
  view.subject = std::move(subject);
  view.kind = store::word_of(row.kind == CounterKind::unknown ? CounterKind::account : row.kind);
  view.failed_attempts = row.state.failed_attempts;
  view.delay = credential::delay_after(policy, row.state.failed_attempts);
  view.locked_until = credential::locked_until(policy, row.state, now);
  view.last_failure_at = row.state.last_failure_at;
  view.last_ip = row.last_ip;
  return view;
}

// The one counter a subject names, and how it is called.
struct Subject {
  CounterKind kind;
  std::string key;   // as in the table
  std::string name;  // as it is shown
  std::string namesake = {};
};

// A name that nobody has is one, too, as long as failures are counted where it falls.
Subject subject_of(Realm& realm, store::Database& db, const std::string& text) {
  const auto user = store::find_user(db, text);
  if (auto network = base::network_of(text))
    return {CounterKind::ip, *network, *network, user ? user->id : std::string()};
  if (user) return {CounterKind::account, user->id, lockout_subject(user->id, user->name)};
  Subject unknown{CounterKind::unknown, unknown_bucket(realm, text), base::fold_ascii(text)};
  if (!store::find_counter(db, unknown.kind, unknown.key)) store::get_user(db, text);  // throws
  return unknown;
}

audit::Target target_of(const Subject& subject) {
  if (subject.kind == CounterKind::ip) return {"address", subject.key, ""};
  if (subject.kind == CounterKind::unknown) return {"user", "", ""};  // what was typed is not for the log
  return {"user", subject.key, subject.name};
}

store::CounterRow counted(Realm& realm, const std::string& text) {
  const auto subject = subject_of(realm, realm.db(), text);
  auto row = store::get_counter(realm.db(), subject.kind, subject.key);
  if (row.state.failed_attempts > 0 && subject.kind != CounterKind::unknown) return row;
  throw base::Error{base::ErrorCode::not_found,
                    "nothing is counted against " + base::quote(subject.name) + ", so nothing comes after it",
                    "authctl lockout list"};
}

struct Listing {
  credential::LockoutPolicy policy;
  std::optional<store::CounterRow> after;
  std::int64_t left;
  std::vector<store::CounterRow> ready;  // the next one last
  bool ended = false;
};

void fetch(Realm& realm, Listing& listing) {
  const auto asked = std::min(page, listing.left);
  listing.ready = store::list_counters(realm.db(), listing.after, asked);
  const auto got = static_cast<std::int64_t>(listing.ready.size());
  listing.left -= got;
  listing.ended = got < asked || listing.left == 0;
  if (got > 0) listing.after = listing.ready.back();
  std::reverse(listing.ready.begin(), listing.ready.end());
}

}  // namespace

NextLockout list_lockouts(Realm& realm, const credential::LockoutPolicy& policy, const LockoutQuery& query) {
  if (query.limit && *query.limit < 1)
    throw base::Error{base::ErrorCode::invalid, "a list has at least one entry", "--limit 1 or more"};
  auto listing =
      std::make_shared<Listing>(Listing{policy, std::nullopt, query.limit.value_or(INT64_MAX), {}, false});
  if (!query.after.empty()) listing->after = counted(realm, query.after);
  return [&realm, listing]() -> std::optional<LockoutView> {
    if (listing->ready.empty() && !listing->ended) fetch(realm, *listing);
    if (listing->ready.empty()) return std::nullopt;
    const auto row = std::move(listing->ready.back());
    listing->ready.pop_back();
    auto name = row.subject;
    if (row.kind == CounterKind::account)
      if (const auto user = store::find_user_by_id(realm.db(), row.subject))
        name = lockout_subject(user->id, user->name);
    return view_of(realm.db(), listing->policy, row, std::move(name), realm.by_clock());
  };
}

LockoutView show_lockout(Realm& realm, const credential::LockoutPolicy& policy, const std::string& text) {
  const auto subject = subject_of(realm, realm.db(), text);
  auto view = view_of(realm.db(), policy, store::get_counter(realm.db(), subject.kind, subject.key),
                      subject.name, realm.by_clock());
  view.namesake = subject.namesake;
  view.of_nobody = subject.kind == CounterKind::unknown;
  return view;
}

LockoutOutcome clear_lockout(Realm& realm, const Cause& cause, const credential::LockoutPolicy& policy,
                             const std::string& text) {
  return change(realm, cause, [&](Change& c) {
    const auto subject = subject_of(c.realm(), c.db(), text);
    auto row = store::get_counter(c.db(), subject.kind, subject.key);
    bool cleared = row.state.failed_attempts > 0;
    store::drop_counter(c.db(), subject.kind, subject.key);
    if (subject.kind == CounterKind::account) cleared = clear_own(c, subject.key) || cleared;
    if (cleared)
      c.record({"auth.lockout",
                target_of(subject),
                audit::Outcome::success,
                {{"state", "unlocked"},
                 {"cause", "cleared"},
                 {"counter", store::word_of(subject.kind)},
                 {"failed_attempts", row.state.failed_attempts}}});
    row = store::get_counter(c.db(), subject.kind, subject.key);
    LockoutOutcome outcome{view_of(c.db(), policy, row, subject.name, c.by_clock()), cleared};
    outcome.lockout.namesake = subject.namesake;
    return outcome;
  });
}

}  // namespace authctl::service
