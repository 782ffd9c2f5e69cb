// Whom an access token speaks for, as the store has it.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "core/base/clock.h"
#include "core/server/knowledge.h"
#include "core/service/standing.h"

namespace authctl::server {

struct Caller {
  std::string user_id, user_name;
  std::string session_id;          // claim `sid`; empty: none
  std::string jti;                 // of the access token
  std::vector<std::string> roles;  // held everywhere, sorted
  std::string lines;               // fields of an answer that say who it is: X-Auth-User, X-Auth-Roles
};

struct Recognition {
  std::shared_ptr<const Caller> caller;  // nothing: nobody
  std::shared_ptr<const service::Standing> standing;
  // How long it may be believed: as long as nothing has moved on, and not at or after `until`.
  std::uint64_t key_epoch = 0;
  UserEpoch user_epoch;
  base::Timestamp until{};
};

}  // namespace authctl::server
