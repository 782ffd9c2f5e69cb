#include "core/service/realm.h"

#include "core/audit/log.h"
#include "core/base/error.h"
#include "core/service/commit_queue.h"

namespace authctl::service {
namespace {
constexpr std::string_view same_key = "the same data key";
}

Realm::Realm(std::unique_ptr<store::Database> db, crypto::Sealer sealer, const base::Clock& clock,
             base::Random& random)
    : db_(std::move(db)),
      clock_(&clock),
      random_(&random),
      log_(std::make_unique<audit::Log>()),
      commits_(std::make_unique<CommitQueue>()) {
  sealers_.push_back(std::make_unique<crypto::Sealer>(std::move(sealer)));
}

Realm::~Realm() = default;
Realm::Realm(Realm&&) noexcept = default;

void Realm::reopen_with(Reopen reopen, const store::StoreKeyState& state) {
  reopen_ = std::move(reopen);
  epoch_ = state.epoch;
  seal_fields(state.identifiers);
}

void Realm::seal_fields(store::IdentifierState state) {
  if (state == store::IdentifierState::clear) return db_->use_fields(nullptr);
  fields_.push_back(
      std::make_unique<store::FieldSealer>(sealer(), *random_, state == store::IdentifierState::converting));
  db_->use_fields(fields_.back().get());
}

void Realm::renew_keys() {
  const auto state = store::key_state(*db_);
  if (state.epoch == epoch_ || !reopen_) return;
  sealers_.push_back(std::make_unique<crypto::Sealer>(reopen_(*db_)));
  epoch_ = state.epoch;
  seal_fields(state.identifiers);
}

void Realm::check_keys(std::int64_t epoch) {
  if (!epoch_) epoch_ = epoch;
  if (epoch == *epoch_) return;
  const auto before = sealer().derive_own(same_key);
  renew_keys();
  if (follows_spelling_ && before == sealer().derive_own(same_key)) return;
  throw base::Error(base::ErrorCode::unavailable, "the keys of the store were replaced in this very moment",
                    "run it again");
}

base::Timestamp Realm::now() const {
  const auto by_log = base::later_of(clock_->now(), log_->latest());
  return also_seen_ ? base::later_of(by_log, also_seen_->load(std::memory_order_relaxed)) : by_log;
}

}  // namespace authctl::service
