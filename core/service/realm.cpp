#include "core/service/realm.h"

#include "core/audit/log.h"
#include "core/service/commit_queue.h"

namespace authctl::service {

Realm::Realm(std::unique_ptr<store::Database> db, crypto::Sealer sealer, const base::Clock& clock,
             base::Random& random)
    : db_(std::move(db)),
      sealer_(std::move(sealer)),
      clock_(&clock),
      random_(&random),
      log_(std::make_unique<audit::Log>()),
      commits_(std::make_unique<CommitQueue>()) {}

Realm::~Realm() = default;
Realm::Realm(Realm&&) noexcept = default;

base::Timestamp Realm::now() const { return base::later_of(clock_->now(), log_->latest()); }

}  // namespace authctl::service
