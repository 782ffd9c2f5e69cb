#include "core/service/last_admin.h"

#include "core/base/error.h"
#include "core/service/access_pattern.h"
#include "core/store/assignment_repository.h"

namespace authctl::service {
namespace {
constexpr auto beyond_every_end = std::chrono::hours(24) * 36525 + std::chrono::hours(1);  // a century
}

// What allows everything: other patterns that cover the text admin:all allow only what they match.
bool has_admin(store::Database& db, base::Timestamp now) {
  static const std::vector<std::string> permissions{std::string(everything), std::string(every_permission)};
  return store::anybody_holds(db, permissions, "", now);
}

LastAdminInterlock::LastAdminInterlock(store::Database& db, base::Timestamp now, bool force)
    : db_(db),
      now_(now),
      armed_(!force && has_admin(db, now)),
      lasting_(!force && has_admin(db, for_good())) {}

base::Timestamp LastAdminInterlock::for_good() const { return now_ + beyond_every_end; }

void LastAdminInterlock::verify() const {
  if (armed_ && !has_admin(db_, now_))
    throw base::Error(base::ErrorCode::precondition, "nobody would be left who holds admin:all",
                      "assign it to somebody else first, or --force");
  if (lasting_ && !has_admin(db_, for_good()))
    throw base::Error(base::ErrorCode::precondition,
                      "nobody would be left who holds admin:all without an end",
                      "assign it to somebody else first, without --for, or --force");
}

}  // namespace authctl::service
