// Questions about permissions, asked of the store: may he, why, who else, and what all.
// Invariant: nothing here writes, and every answer is the one of core/service/access_engine.h over what the
// store holds at that time; a user who does not exist is Error not_found, a disabled one is denied.
#pragma once
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "core/base/json.h"
#include "core/service/access_engine.h"
#include "core/service/realm.h"

namespace authctl::service {

struct AccessRequest {
  std::string user;  // name, e-mail or id
  std::string permission;
  std::string resource;  // --on; empty: none
};

struct Access {
  std::string user_id, user_name;
  bool active = true;  // a disabled user is denied
  Question question;
  Decision decision;
};

// A few indexed lookups, however many users, roles and grants there are, in a snapshot of its own: not to be
// called within a transaction.
Access check_permission(store::Database& db, const AccessRequest& request, base::Timestamp now);

// One command that would make the answer yes. Where the user is disabled, enabling is needed as well as
// another.
struct Remedy {
  std::string action;  // user.enable, role.assign, role.grant
  std::optional<std::string> role;
  std::string command;
};
struct Explanation : Access {
  std::vector<Remedy> remedies;  // the smallest first; empty where it is allowed
};
Explanation explain_permission(store::Database& db, const AccessRequest& request, base::Timestamp now);

struct Holder {
  std::string user_id, user_name;
  std::vector<Reason> because;
};
// Everybody who is allowed it now, in the order of user ids, with reasons in the order of the assigned roles'
// names; reads a page of each granting role at a time.
std::function<std::optional<Holder>()> who_may(store::Database& db, const Question& question,
                                               base::Timestamp now);

// What a user may do, or (without one) what any role is granted; in the order of permissions.
std::function<std::optional<Effective>()> list_permissions(store::Database& db, const std::string& user,
                                                           base::Timestamp now);

// allowed user permission resource because[{role,via[],grant,resource,expires_at}]
base::json::object access_json(const Access& access);
base::json::object reason_json(const Reason& reason);

// With AUTHCTL_AUDIT_CHECKS=all or denied, the answer is an entry of the log.
void record_check(Realm& realm, const Cause& cause, const Access& access, const std::string& which);

}  // namespace authctl::service
