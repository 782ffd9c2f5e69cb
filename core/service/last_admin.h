// The interlock that keeps somebody in charge: no change may take the last active holder of admin:all away,
// nor leave only such whose role ends by itself. A holder may do everything now: by admin:all or `*`,
// directly or through inheritance; without a resource; not past its end.
#pragma once
#include <string>

#include "core/base/clock.h"
#include "core/store/database.h"

namespace authctl::service {

bool has_admin(store::Database& db, base::Timestamp now);

// Made before a change that takes something away; verify() after it, in the same transaction. Where there was
// no holder before, nothing is lost and nothing is refused. `now` is when it is taken away: later than the
// change for an assignment that is given an end.
class LastAdminInterlock {
 public:
  LastAdminInterlock(store::Database& db, base::Timestamp now, bool force);
  // Error precondition (exit 5, hint --force).
  void verify() const;

 private:
  base::Timestamp for_good() const;
  store::Database& db_;
  base::Timestamp now_;
  bool armed_, lasting_;
};

}  // namespace authctl::service
