// A password that came over HTTP, verified: the three steps of core/service/sign_in.h, with the slow one on
// the hash pool, and no more of them at once than the turnstile lets through.
#pragma once
#include "core/base/secret.h"
#include "core/server/workers.h"
#include "core/service/sign_in.h"

namespace authctl::server {

// To be called by a request that holds a place of the hash pool.
service::SignIn verify_attempt(Work& work, const service::Cause& cause, service::Attempt attempt,
                               const base::Secret& password);

}  // namespace authctl::server
