#include "core/service/last_admin.h"

#include "core/base/error.h"
#include "core/service/access_pattern.h"
#include "core/store/assignment_repository.h"

namespace authctl::service {
namespace {

bool anybody_else(store::Database& db, std::string_view except_user, base::Timestamp now) {
  static const auto permissions = granting_permissions(everything).value();
  return store::anybody_holds(db, permissions, except_user, now);
}

}  // namespace

bool has_admin(store::Database& db, base::Timestamp now) { return anybody_else(db, "", now); }

bool would_leave_no_admin(store::Database& db, std::string_view user_id, base::Timestamp now) {
  return has_admin(db, now) && !anybody_else(db, user_id, now);
}

void LastAdminInterlock::verify() const {
  if (armed_ && !has_admin(db_, now_))
    throw base::Error(base::ErrorCode::precondition, "nobody would be left who holds admin:all",
                      "assign it to somebody else first, or --force");
}

}  // namespace authctl::service
