#include "core/server/attempt.h"

#include <algorithm>

#include "core/server/hash_pool.h"
#include "core/server/turnstile.h"
#include "core/service/rate_limit.h"

namespace authctl::server {
namespace {

// One less than leads to a delay, so that right passwords that come together are no failures in a row.
unsigned side_by_side(const credential::LockoutPolicy& policy) {
  return static_cast<unsigned>(std::clamp<std::int64_t>(policy.threshold - 1, 1, 1024));
}

}  // namespace

service::SignIn verify_attempt(Work& work, const service::Cause& cause, service::Attempt attempt,
                               const base::Secret& password) {
  const auto& policy = work.config.sign_in;
  const auto passage = work.site.turnstile.enter(
      service::rates_of_sign_in(work.realm.db(), attempt.identifier, cause.ip), side_by_side(policy.lockout));
  const auto ticket = begin_sign_in(work.common, cause, policy, std::move(attempt));
  service::VerifiedPassword verified;
  work.hashes.run([&] { verified = verify_ticket(ticket, password, work.realm.random()); });
  return finish_sign_in(work.common, cause, policy, ticket, verified);
}

}  // namespace authctl::server
