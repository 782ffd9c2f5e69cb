// The plain listener beside the real one: a browser that came by http:// is sent on.
// Invariant: where it is sent is ours by configuration; nothing that the client says chooses the host (RFC
// 9110 section 7.2). What programs call is refused rather than redirected, so that a client with the wrong
// URL notices before it has sent its secrets twice (OWASP ASVS 5.0, 4.1.2).
#pragma once
#include "core/server/reply.h"
#include "core/server/request.h"
#include "core/server/site.h"

namespace authctl::server {

Reply redirect_reply(const Request& request, const Config& config);

}  // namespace authctl::server
