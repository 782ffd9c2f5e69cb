// The interlock that keeps somebody in charge: no change may take the last active holder of admin:all away.
// A holder is an active user for whom `permission check USER admin:all` says yes now: directly, through
// inheritance, or by a wildcard; without a resource; not past its end.
#pragma once
#include <string>

#include "core/base/clock.h"
#include "core/store/database.h"

namespace authctl::service {

bool has_admin(store::Database& db, base::Timestamp now);
// There is one now, and without this user there would be none.
bool would_leave_no_admin(store::Database& db, std::string_view user_id, base::Timestamp now);

// Made before a change that takes something away; verify() after it, in the same transaction. Where there was
// no holder before, nothing is lost and nothing is refused. `now` is when it is taken away: later than the
// change for an assignment that is given an end.
class LastAdminInterlock {
 public:
  LastAdminInterlock(store::Database& db, base::Timestamp now, bool force)
      : db_(db), now_(now), armed_(!force && has_admin(db, now)) {}
  // Error precondition (exit 5, hint --force).
  void verify() const;

 private:
  store::Database& db_;
  base::Timestamp now_;
  bool armed_;
};

}  // namespace authctl::service
