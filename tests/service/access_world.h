// Users and short words for the use cases of roles, for the tests of access.
#pragma once
#include "core/base/error.h"
#include "core/service/access.h"
#include "core/service/role_assignments.h"
#include "core/service/roles.h"
#include "core/store/user_repository.h"
#include "tests/support/realms.h"

namespace authctl::test {

class AccessWorld : public TestRealm {
 public:
  using TestRealm::TestRealm;

  std::string add_user(const std::string& name) {
    store::UserRow user;
    user.id = base::make_uuid7(realm().random(), base::to_unix_millis(realm().now()));
    user.name = name;
    user.created_at = user.updated_at = realm().now();
    store::insert_user(db(), user);
    return user.id;
  }
  void set_active(const std::string& name, bool active) {
    const auto status = active ? store::UserStatus::active : store::UserStatus::disabled;
    store::set_user_status(db(), store::get_user(db(), name).id, status, realm().now());
  }

  using Texts = std::vector<std::string>;
  void create(const std::string& role, const Texts& permissions = {}, const Texts& inherits = {}) {
    service::create_role(realm(), cause(), {role, "", inherits});
    if (!permissions.empty()) grant(role, permissions);
  }
  service::RoleOutcome grant(const std::string& role, const Texts& permissions, const std::string& on = "") {
    return service::grant_permissions(realm(), cause(), {role, permissions, on});
  }
  service::RoleOutcome revoke(const std::string& role, const Texts& permissions, const std::string& on = "") {
    return service::revoke_permissions(realm(), cause(), {role, permissions, on});
  }
  service::AssignOutcome assign(const std::string& user, const Texts& roles, const std::string& lasts = "",
                                const std::string& on = "") {
    return service::assign_roles(realm(), cause(), {user, roles, lasts, on});
  }
  service::AssignOutcome unassign(const std::string& user, const Texts& roles, bool force = false) {
    return service::unassign_roles(realm(), cause(), {user, roles, "", "", force});
  }
  bool allowed(const std::string& user, const std::string& permission, const std::string& on = "") {
    return service::check_permission(db(), {user, permission, on}, realm().now()).decision.allowed;
  }
  std::int64_t entries() { return number(db(), "SELECT count(*) FROM audit_entry"); }
};

// The code of what is thrown; nothing where nothing is.
template <class Work>
std::optional<base::ErrorCode> error_of(Work work) {
  try {
    work();
  } catch (const base::Error& error) {
    return error.code();
  }
  return std::nullopt;
}

}  // namespace authctl::test
