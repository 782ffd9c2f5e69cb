// Whom an access token speaks for: its signature, its claims, and what the store knows of it and its user.
// Invariant: a caller is given only for a token that `token verify` calls valid; whatever cannot be judged is
// an Error, never a caller.
#pragma once
#include <memory>
#include <string_view>

#include "core/server/request.h"
#include "core/server/workers.h"
#include "core/service/standing.h"

namespace authctl::server {

struct Recognition {
  std::shared_ptr<const Caller> caller;  // nothing: nobody
  std::shared_ptr<const service::Standing> standing;
};

Recognition recognize(std::string_view token, Work& work);

// `resource`: empty: none. Error invalid for what is no permission or no resource.
bool is_allowed(const service::Standing& standing, std::string_view permission, std::string_view resource,
                base::Timestamp now);

}  // namespace authctl::server
